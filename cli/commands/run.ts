import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { StageFailure, toStageFailure } from '../../activities/failures.ts';
import { readRequestList } from '../../activities/retrieve.ts';
import { isBucketLocation, isInside, normalizeLocation } from '../../activities/store/locations.ts';
import { type Input, openInput, openStore } from '../../activities/store/open-store.ts';
import { BEGUN, RunFiles, runKeyOf } from '../../activities/store/run-files.ts';
import { isRetrieved, needsList } from '../../pipelines/source-kinds.ts';
import type { RetrievedSource, Source } from '../../pipelines/source-schema.ts';
import { ListError } from '../../stages/retrieve/read-list.ts';
import { executeRun, type RunOutcome, type RunPriority, type RunRequest } from '../../workers/execute-run.ts';
import { availableCores, isClusterConfigured } from '../../workers/machine.ts';
import { productVersion } from '../../workers/package-root.ts';
import { CliError } from '../exit.ts';
import { followRun } from '../follow-run.ts';
import { loadRunnablePipeline } from '../load-pipeline.ts';
import { openStateOrExit, printJson, say, withStateOption } from '../settings.ts';
import {
  openTelemetryOrExit,
  parseMetricsAddress,
  type Telemetry,
  type TelemetryOptions,
  withTelemetryOptions,
} from '../telemetry.ts';

/** Options of what a run works with. */
export interface MeansOptions {
  concurrency?: string;
  provider: string;
  priority?: string;
  tenant?: string;
}

export interface RunOptions extends MeansOptions, TelemetryOptions {
  input?: string;
  output: string;
  set: string[];
  state?: string;
  detach?: boolean;
  report: boolean;
  json?: boolean;
}

export function registerRun(program: Command): void {
  const command = withStateOption(
    withMeansOptions(
      program
        .command('run')
        .summary('run a pipeline to its end; run again with the same output to resume')
        .description(
          'Runs a pipeline on a folder or an archive. Run again with the same output it goes on where it was, and\n' +
            'does again only what changed. Without TEMPORAL_ADDRESS a private Temporal dev server is started.',
        )
        .argument('<pipeline.yaml>', 'the pipeline spec: YAML, or a module that exports one (docs/sdk.md)')
        .option(
          '--input <place>',
          'folder or archive with the source files, or s3://BUCKET/PREFIX; of a PACS, the list of studies (CSV)',
        )
        .requiredOption('--output <place>', 'output folder, or s3://BUCKET/PREFIX')
        .option('--set <a.b=value>', 'override a field of the spec (repeatable)', collect, []),
    )
      .option('--detach', 'return after the start; follow with: serieswise status DIR')
      .option('--json', 'print one JSON document on standard output'),
  );
  withTelemetryOptions(command).action(async (file: string, options: RunOptions) =>
    runPipeline(file, options),
  );
}

/** Adds the options of what a run works with. */
export function withMeansOptions(command: Command): Command {
  return command
    .option('--concurrency <n>', 'steps at the same time (default: number of cores)')
    .option('--provider <name>', 'execution provider of ONNX Runtime: cpu or cuda', 'cpu')
    .option('--priority <n>', 'on a cluster: 1 goes first, 5 last', '3')
    .option('--tenant <name>', 'on a cluster: whose runs share one turn (default: each run has its own)')
    .option('--no-report', 'leave out report/index.html; make it later with: serieswise report DIR');
}

function collect(value: string, values: string[]): string[] {
  return [...values, value];
}

/**
 * Runs a pipeline to its end, with what a user is told meanwhile.
 * @param file a pipeline file, or the name of a shipped pipeline
 * @throws CliError with the exit code of the contract
 */
export async function runPipeline(file: string, options: RunOptions): Promise<void> {
  const { pipeline, digest, bundle, plugins } = await loadRunnablePipeline(file, options.set);
  const means = parseMeans(options);
  const metricsAddress = parseMetricsAddress(options.metrics);
  if (metricsAddress !== undefined && isClusterConfigured())
    throw new CliError('--metrics: with TEMPORAL_ADDRESS the workers do the work; give it to `worker`.', 2);
  if (options.log === '-') throw new CliError('--log: standard output has the summary; name a file.', 2);
  const input = await resolveInput(options.input, pipeline.source);
  const output = locationOrExit(options.output);
  const state = openStateOrExit(options.state);
  checkApart(input, output, state.location);
  const runKey = runKeyOf(state, output);
  const files = await RunFiles.open(state, runKey);
  await prepareOutput(output, files);
  if (options.detach === true && !isClusterConfigured()) return detach(output, files, options.json === true);

  const telemetry = await openTelemetryOrExit(metricsAddress, options.log, means.provider);
  const { metrics, tracing } = telemetry;
  try {
    await followRun(
      ({ observers, ...hooks }) => {
        const request: RunRequest = {
          ...{ state, pipeline, pipelineDigest: digest, bundle, plugins, input, output, ...means, ...hooks },
          ...{ metrics, tracing, observers: [...observers, ...telemetry.observers] },
          detach: options.detach === true,
        };
        return tellOfRun(telemetry, runKey, () => executeRun(request));
      },
      { output, expect: pipeline.expect, report: options.report, json: options.json === true },
    );
  } finally {
    await telemetry.close();
  }
}

async function tellOfRun(
  { log, tracing }: Telemetry,
  run: string,
  execute: () => Promise<RunOutcome>,
): Promise<RunOutcome> {
  log?.write('info', 'run-started', { run, version: productVersion() });
  try {
    const codeOf = (outcome: RunOutcome) => (outcome.kind === 'failed' ? outcome.code : null);
    const outcome = await (tracing === undefined ? execute() : tracing.traceRun(run, execute, codeOf));
    const { kind } = outcome;
    if (kind === 'failed') log?.write('error', 'run-ended', { run, outcome: kind, code: outcome.code });
    else log?.write('info', 'run-ended', { run, outcome: kind });
    return outcome;
  } catch (error) {
    log?.write('error', 'run-ended', { run, outcome: 'failed', code: toStageFailure(error).code });
    throw error;
  }
}

/**
 * Reads what a run works with.
 * @throws CliError 2
 */
export function parseMeans(options: MeansOptions): Pick<RunRequest, 'concurrency' | 'provider' | 'priority'> {
  const { provider } = options;
  const concurrency = parseConcurrency(options.concurrency);
  const priority = parsePriority(options);
  if (provider !== 'cpu' && provider !== 'cuda') {
    throw new CliError(`--provider ${provider} is not known; use cpu or cuda.`, 2);
  }
  return { concurrency, provider, priority };
}

function parsePriority({ priority = '3', tenant }: Pick<RunOptions, 'priority' | 'tenant'>): RunPriority {
  if (!/^[1-5]$/.test(priority)) throw new CliError(`--priority ${priority} is not 1, 2, 3, 4 or 5.`, 2);
  if (tenant !== undefined && !/^(?=.{1,64}$)[a-z0-9]+(-[a-z0-9]+)*$/.test(tenant))
    throw new CliError('--tenant takes lower-case words joined by hyphens.', 2);
  return { level: Number(priority), tenant: tenant ?? null };
}

/** Reads `--concurrency`. */
export function parseConcurrency(text: string | undefined): number {
  if (text === undefined) return availableCores();
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 256) {
    throw new CliError(`--concurrency ${text} is not a whole number from 1 to 256.`, 2);
  }
  return value;
}

/** @throws CliError 2 for what is no location */
export function locationOrExit(text: string): string {
  try {
    return normalizeLocation(text);
  } catch (error) {
    if (error instanceof StageFailure) throw new CliError(error.message, 2);
    throw error;
  }
}

/**
 * The input's location; empty for a PACS that needs none.
 * @throws CliError 2 when the input is missing, not there, or not what the source says, 3 when its store refuses
 */
export async function resolveInput(input: string | undefined, source: Source): Promise<string> {
  const isPacs = isRetrieved(source);
  if (input === undefined) {
    if (!isPacs) throw new CliError('Name the source files with --input PATH.', 2);
    if (needsList(source)) throw new CliError('Name the list of studies (CSV) with --input FILE.', 2);
    return '';
  }
  const location = locationOrExit(input);
  const { file } = await openInputOrExit(location);
  if (source.type === 'archive' && file === null) {
    throw new CliError('The pipeline reads one archive (source.type archive), but the input is a folder.', 2);
  }
  if (!isPacs) return location;
  const takesList = source.type === 'inbox' || needsList(source);
  if (!takesList) throw new CliError('The pipeline asks a PACS by a query: it takes no --input.', 2);
  if (file === null) throw new CliError('The list of studies is not a file.', 2);
  checkList(location, source);
  return location;
}

/** A list with mistakes ends the command before anything is started. */
function checkList(location: string, source: RetrievedSource): void {
  try {
    readRequestList(source, location);
  } catch (error) {
    if (error instanceof ListError || error instanceof StageFailure) throw new CliError(error.message, 2);
    throw error;
  }
}

/** @throws CliError 2 when the input is not there, 3 when its store refuses */
export async function openInputOrExit(location: string): Promise<Input> {
  const input = await openInput(location).catch((error: unknown) => {
    if (!(error instanceof StageFailure)) throw error;
    throw new CliError(error.message, error.kind === 'environment' ? 3 : 2);
  });
  if (input.file === null && !(await input.store.isThere()))
    throw new CliError(`The input ${location} does not exist.`, 2);
  if (isBucketLocation(location)) return input;
  try {
    fs.accessSync(location, input.file === null ? fs.constants.R_OK | fs.constants.X_OK : fs.constants.R_OK);
  } catch {
    throw new CliError(`The input ${location} may not be read by this user.`, 2);
  }
  return input;
}

/** An output inside the input would be read as a source; an input inside the output could be removed. */
function checkApart(input: string, output: string, state: string): void {
  const refuse = (what: string) => {
    throw new CliError(`The ${what} must not lie inside one another.`, 2);
  };
  if (isInside(state, output)) refuse('state and the output');
  if (input === '') return;
  if (isInside(input, output) || isInside(output, input)) refuse('output and the input');
  if (isInside(state, input)) refuse('state and the input');
}

/** @throws CliError 2 for a folder of something else, 3 when it cannot be written */
async function prepareOutput(location: string, files: RunFiles): Promise<void> {
  if (
    !isBucketLocation(location) &&
    fs.statSync(location, { throwIfNoEntry: false })?.isDirectory() === false
  )
    throw new CliError(`The output ${location} is not a folder.`, 2);
  try {
    const store = await openStore(location);
    const known = [store.stat('run.json'), store.stat(BEGUN), files.store.stat('settings.sealed')];
    const isOwn = (await Promise.all(known)).some((found) => found !== null);
    if (!isOwn) {
      for await (const _any of store.list('')) {
        const message = `The output ${location} is not empty and not of an earlier run; name a new one.`;
        throw new CliError(message, 2);
      }
    }
    await store.write(BEGUN, '', { flush: false });
  } catch (error) {
    if (error instanceof CliError) throw error;
    const why = error instanceof StageFailure ? ` ${error.message}` : '';
    throw new CliError(`The output ${location} cannot be made or written.${why}`, 3);
  }
}

/** Goes on in a process of its own, whose messages go to a log in the private state of the run. */
function detach(output: string, files: RunFiles, json: boolean): void {
  fs.mkdirSync(files.localFolder, { recursive: true, mode: 0o700 });
  const log = fs.openSync(files.localPath('run.log'), 'w', 0o600);
  const args = process.argv.slice(1).filter((argument) => argument !== '--detach');
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', log, log] });
  child.unref();
  const run = path.basename(files.localFolder);
  if (json) printJson({ status: 'started', output, run, pid: child.pid });
  else say(`Started (process ${child.pid}). Follow it with: serieswise status ${output}`);
}
