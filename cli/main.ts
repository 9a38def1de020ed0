/** The program: commands, errors and exit codes put together. */
import { Command, CommanderError } from 'commander';
import { StageFailure } from '../activities/failures.ts';
import { productVersion } from '../workers/package-root.ts';
import { registerCancel } from './commands/cancel.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerEvaluate } from './commands/evaluate.ts';
import { registerModels } from './commands/models.ts';
import { registerPlan } from './commands/plan.ts';
import { registerQuery } from './commands/query.ts';
import { registerRun } from './commands/run.ts';
import { registerStatus } from './commands/status.ts';
import { registerValidate } from './commands/validate.ts';
import { registerVerify } from './commands/verify.ts';
import { registerWhy } from './commands/why.ts';
import { registerWorker } from './commands/worker.ts';
import { CliError } from './exit.ts';

/** Parses arguments, runs the command and sets the exit code: 0, 1, 2, 3 or 130. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('serieswise')
    .description('Turns raw CT archives into de-identified, labelled, queryable datasets.')
    .version(productVersion())
    .showHelpAfterError('(see: serieswise --help)')
    .exitOverride();
  registerRun(program);
  registerValidate(program);
  registerPlan(program);
  registerStatus(program);
  registerCancel(program);
  registerQuery(program);
  registerWhy(program);
  registerVerify(program);
  registerEvaluate(program);
  registerModels(program);
  registerWorker(program);
  registerDoctor(program);
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError(`(see: serieswise ${command.name()} --help)`);
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
  if (error instanceof StageFailure) {
    process.stderr.write(`${error.message} [${error.code}]\n`);
    return error.kind === 'environment' ? 3 : 1;
  }
  process.stderr.write(
    `Unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return 1;
}
