/** The program: commands, errors and exit codes put together. */
import { Command, CommanderError } from 'commander';
import { StageFailure, systemFailureOf } from '../activities/failures.ts';
import { ManifestError } from '../manifest/errors.ts';
import { productVersion } from '../workers/package-root.ts';
import { CliError } from './exit.ts';
import { exitCodesOf, listCommands } from './exit-codes.ts';

const COMMANDS: Record<string, (program: Command) => Promise<void>> = {
  demo: async (program) => (await import('./commands/demo.ts')).registerDemo(program),
  run: async (program) => (await import('./commands/run.ts')).registerRun(program),
  relabel: async (program) => (await import('./commands/relabel.ts')).registerRelabel(program),
  validate: async (program) => (await import('./commands/validate.ts')).registerValidate(program),
  plan: async (program) => (await import('./commands/plan.ts')).registerPlan(program),
  status: async (program) => (await import('./commands/status.ts')).registerStatus(program),
  pause: async (program) => (await import('./commands/pause.ts')).registerPause(program),
  resume: async (program) => (await import('./commands/pause.ts')).registerResume(program),
  cancel: async (program) => (await import('./commands/cancel.ts')).registerCancel(program),
  query: async (program) => (await import('./commands/query.ts')).registerQuery(program),
  why: async (program) => (await import('./commands/why.ts')).registerWhy(program),
  report: async (program) => (await import('./commands/report.ts')).registerReport(program),
  check: async (program) => (await import('./commands/check.ts')).registerCheck(program),
  drift: async (program) => (await import('./commands/drift.ts')).registerDrift(program),
  review: async (program) => (await import('./commands/review.ts')).registerReview(program),
  crosswalk: async (program) => (await import('./commands/crosswalk.ts')).registerCrosswalk(program),
  verify: async (program) => (await import('./commands/verify.ts')).registerVerify(program),
  export: async (program) => (await import('./commands/export.ts')).registerExport(program),
  'write-back': async (program) => (await import('./commands/write-back.ts')).registerWriteBack(program),
  deid: async (program) => (await import('./commands/deid.ts')).registerDeid(program),
  evaluate: async (program) => (await import('./commands/evaluate.ts')).registerEvaluate(program),
  models: async (program) => (await import('./commands/models.ts')).registerModels(program),
  train: async (program) => (await import('./commands/train.ts')).registerTrain(program),
  receive: async (program) => (await import('./commands/receive.ts')).registerReceive(program),
  worker: async (program) => (await import('./commands/worker.ts')).registerWorker(program),
  doctor: async (program) => (await import('./commands/doctor.ts')).registerDoctor(program),
};

/**
 * The program with its commands, as its documentation and its tests see it too.
 * @param name the one command that is needed: its module, and the libraries that it brings, are loaded alone
 */
export async function createProgram(name = ''): Promise<Command> {
  const program = new Command('serieswise')
    .description('Turns raw CT archives into de-identified, labelled, queryable datasets.')
    .version(productVersion())
    .showHelpAfterError('(see: serieswise --help)')
    .exitOverride();
  const wanted = COMMANDS[name];
  for (const register of wanted === undefined ? Object.values(COMMANDS) : [wanted]) await register(program);
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError(`(see: serieswise ${command.name()} --help)`);
  for (const command of listCommands(program)) {
    const codes = exitCodesOf(command).map(([code, meaning]) => `  ${code.padEnd(4)} ${meaning}`);
    if (codes.length > 0) command.addHelpText('after', `\nExit codes:\n${codes.join('\n')}`);
  }
  return program;
}

/** Parses arguments, runs the command and sets the exit code: 0, 1, 2, 3 or 130. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = await createProgram(argv[2]);
  // A reader that stops reading (`| head`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
  });
  try {
    await program.parseAsync(argv as string[]);
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CliError) {
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  if (error instanceof ManifestError) {
    process.stderr.write(`${error.message}\n`);
    return error.code === 'no-manifest' ? 2 : 1;
  }
  const failure = error instanceof StageFailure ? error : systemFailureOf(error);
  if (failure !== null) {
    process.stderr.write(`${failure.message} [${failure.code}]\n`);
    return failure.kind === 'environment' ? 3 : 1;
  }
  process.stderr.write(
    `Unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return 1;
}
