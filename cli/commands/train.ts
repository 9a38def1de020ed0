import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { writeFileAtomic } from '../../activities/store/atomic.ts';
import { loadBundle } from '../../models/bundle.ts';
import type { BundleCard } from '../../models/card.ts';
import { measureParity, type ParityCase } from '../../models/parity.ts';
import { availableCores } from '../../workers/machine.ts';
import { packageRoot, productVersion } from '../../workers/package-root.ts';
import { CliError } from '../exit.ts';
import { requireRunDocument } from '../run-folder.ts';
import { printJson, say } from '../settings.ts';
import { checkParts, collectSeries, preprocessingOf, type TrainingJob, tasksOf } from '../training/job.ts';
import { createTrainingDisplay, type TrainingEvent } from '../training/progress.ts';
import { findTrainingPython, INSTALL_TORCH } from '../training/python.ts';

/** Folder in the output that holds the job, its checkpoints and what is not checked yet. */
const WORK = '.training';

/** Torch and ONNX Runtime may differ by this much in any output. */
const LARGEST_DIFFERENCE = 1e-4;

interface TrainOptions {
  manifest: string;
  truth: string;
  task: 'body_part' | 'axis' | 'contrast' | 'all';
  preset: 'paper' | 'starter';
  output: string;
  resume?: boolean;
  seed: number;
  epochs?: number;
  batch?: number;
  width?: number;
  threads: number;
  name?: string;
  bundleVersion: string;
  licence: string;
  source?: string;
  json?: boolean;
}

/** Adds `train`: a model bundle from a run's series and their true labels. Exit 2 bad input, 3 no torch, 130 stopped. */
export function registerTrain(program: Command): void {
  program
    .command('train')
    .summary('make a model bundle from curated series')
    .description(
      'Trains networks on the tensors of a run and exports them as a model bundle.\n' +
        'Patients are dealt 70/20/10 into training, validation and test; the card says what was measured on the last.\n' +
        'Ctrl-C stops it; the same command with --resume goes on from the last whole epoch.',
    )
    .requiredOption('--manifest <dir>', 'output folder of a run with publish.tensors')
    .requiredOption(
      '--truth <file>',
      'CSV or Parquet of true labels, or a run that was reviewed, as for evaluate; empty: no label',
    )
    .requiredOption('--output <dir>', 'folder of the new bundle')
    .addOption(
      new Option('--task <task>', 'what to train')
        .choices(['body_part', 'axis', 'contrast', 'all'])
        .default('all'),
    )
    .addOption(
      new Option('--preset <preset>', 'paper: ResNet-50, one a task; starter: compact trunk')
        .choices(['paper', 'starter'])
        .default('starter'),
    )
    .option('--resume', 'go on from the last checkpoint in the output folder')
    .option('--seed <number>', 'seed of the split and of everything drawn', parseWhole, 1)
    .option('--epochs <number>', 'most epochs (default: paper 50, starter 40)', parseCount)
    .option('--batch <number>', 'series a step (default: paper 8, starter 24)', parseCount)
    .option('--width <number>', 'channels of the first stage (default: paper 64, starter 16)', parseCount)
    .addOption(
      new Option('--threads <number>', 'CPU threads of torch')
        .argParser(parseCount)
        .default(availableCores(), 'number of cores'),
    )
    .option('--name <name>', "the bundle's name (default: name of the output folder)")
    .option('--bundle-version <version>', "the bundle's version", '0.1.0')
    .option('--licence <text>', 'licence of the weights', 'not stated')
    .option('--source <text>', 'what the series are and by which licence, for the card')
    .option('--json', 'print one JSON document on standard output')
    .addHelpText(
      'after',
      `
Needs a Python with torch and numpy (serieswise doctor says whether there is one). The preset paper wants a GPU.

Examples:
  serieswise train --manifest out --truth truth.csv --output my-bundle
  serieswise train --manifest out --truth truth.csv --task body_part --preset paper --output paper-bundle
  serieswise models verify ./my-bundle`,
    )
    .action((options: TrainOptions) => runTrain(options));
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new InvalidArgumentError('Expected a number from 1 on.');
  return count;
}

function parseWhole(text: string): number {
  const count = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(count) || count < 0 || count > 0xffff_ffff)
    throw new InvalidArgumentError('Expected a whole number from 0 to 4294967295.');
  return count;
}

async function runTrain(options: TrainOptions): Promise<void> {
  const output = path.resolve(options.output);
  if (fs.existsSync(path.join(output, 'card.json')))
    throw new CliError(`--output: ${output} holds a bundle already. Choose another folder.`, 2);
  const { job, leftOut } = await makeJob(options, output);
  const python = findTrainingPython();
  if (python === null)
    throw new CliError(`Training needs a Python with torch and numpy. ${INSTALL_TORCH}`, 3);
  const work = path.join(output, WORK);
  if (options.resume !== true) fs.rmSync(work, { recursive: true, force: true });
  try {
    fs.mkdirSync(work, { recursive: true });
    writeFileAtomic(path.join(work, 'job.json'), JSON.stringify(job));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new CliError(`--output: cannot write to ${output} (${code}).`, 3);
  }
  const count = (part: string) => job.series.filter((row) => row.part === part).length;
  say(
    `${job.series.length} series: ${count('train')} to train, ${count('validation')} to choose, ${count('test')} to ` +
      `measure; left out ${leftOut.withoutLabel} without a label, ${leftOut.notInManifest} labels without a kept series.`,
  );
  await runPython(python, path.join(work, 'job.json'));
  const card = await finishBundle(output, work, job);
  fs.rmSync(work, { recursive: true, force: true });
  const bundle = await loadBundle(output);
  if (options.json === true) printJson({ folder: output, sha256: bundle.sha256, card });
  for (const { task, metric, value, series, patients } of card.results)
    say(`${task} ${metric} ${value} on ${series} series of ${patients} patients`);
  say(`${bundle.name} ${bundle.version} is ready: classify.bundle: ${output}`);
}

async function makeJob(options: TrainOptions, output: string) {
  const run = requireRunDocument(options.manifest);
  const tasks = tasksOf(options.task);
  const { series, leftOut } = await collectSeries(options.manifest, options.truth, tasks, options.seed);
  if (series.length === 0) {
    throw new CliError(
      'No kept series of the manifest has a label of the wanted task: series_unit joins manifest and truth.',
      2,
    );
  }
  checkParts(series, tasks);
  const preprocessing = preprocessingOf(run);
  const isPaper = options.preset === 'paper';
  const wanted = options.name ?? path.basename(output);
  const job: TrainingJob = {
    schema: 'serieswise.training-job/1',
    preset: options.preset,
    tasks,
    seed: options.seed,
    epochs: options.epochs ?? (isPaper ? 50 : 40),
    batch: options.batch ?? (isPaper ? 8 : 24),
    width: options.width ?? (isPaper ? 64 : 16),
    threads: options.threads,
    name:
      wanted
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-+|-+$/g, '') || 'trained',
    version: options.bundleVersion,
    licence: options.licence,
    made_by: describeCommand(options),
    source: {
      name: options.source ?? 'series curated by Serieswise, not described further',
      licence: options.licence,
      pipeline_digest: run.pipeline_digest,
    },
    shape: preprocessing.shape,
    preprocessing,
    series,
  };
  return { job, leftOut };
}

/** The command without paths: a card is given away. */
function describeCommand(options: TrainOptions): string {
  const set = (['epochs', 'batch', 'width'] as const).flatMap((name) =>
    options[name] === undefined ? [] : [`--${name} ${options[name]}`],
  );
  return [
    `serieswise ${productVersion()}: serieswise train --manifest DIR --truth FILE --output DIR`,
    `--task ${options.task} --preset ${options.preset} --seed ${options.seed} --threads ${options.threads}`,
    ...set,
  ].join(' ');
}

/** @throws CliError 130 when interrupted, 2 or 3 for what the trainer says, 1 otherwise */
async function runPython(python: string, jobFile: string): Promise<void> {
  const script = path.join(packageRoot(), 'models/training/train_curated.py');
  const child = spawn(python, [script, jobFile], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C reaches it once, from here.
    detached: true,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  });
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    child.kill('SIGTERM');
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const display = createTrainingDisplay(process.stderr);
  let failure: string | null = null;
  let lastWords = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-2000);
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = parseEvent(line);
    if (event?.event === 'failed') failure = event.code ?? 'unknown';
    if (event !== null) display.show(event);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  display.stop();
  process.off('SIGINT', interrupt);
  process.off('SIGTERM', interrupt);
  if (interrupted) throw new CliError('Stopped. The same command with --resume goes on from here.', 130);
  if (code === 0) return;
  if (failure === 'checkpoint-foreign') {
    throw new CliError(
      '--resume: the checkpoint belongs to other series or settings. Leave --resume out to start anew.',
      2,
    );
  }
  if (failure === 'torch-missing') throw new CliError(`torch cannot be imported. ${INSTALL_TORCH}`, 3);
  throw new CliError(`Training failed:\n${lastWords.trim()}`, 1);
}

function parseEvent(line: string): TrainingEvent | null {
  try {
    return JSON.parse(line) as TrainingEvent;
  } catch {
    return null;
  }
}

/** Moves networks and card into place, the card last: it makes the folder a bundle. @throws CliError 1 */
async function finishBundle(output: string, work: string, job: TrainingJob): Promise<BundleCard> {
  const draft = JSON.parse(fs.readFileSync(path.join(work, 'draft.json'), 'utf8')) as BundleCard;
  const parity = JSON.parse(fs.readFileSync(path.join(work, 'parity/expected.json'), 'utf8')) as {
    inputs: number;
    files: Record<string, ParityCase['expected']>;
  };
  const inputs = Array.from(
    { length: parity.inputs },
    (_, k) => new Uint8Array(fs.readFileSync(path.join(work, 'parity', `${k}.bin`))),
  );
  const files: BundleCard['files'] = {};
  let largest = 0;
  for (const [name, expected] of Object.entries(parity.files)) {
    const file = path.join(work, name);
    const inputShape = [1, 1, ...job.shape];
    const difference = await measureParity(file, {
      inputName: draft.input.name,
      inputShape,
      inputs,
      expected,
    });
    largest = Math.max(largest, difference);
    files[name] = describeFile(file);
  }
  if (!(largest <= LARGEST_DIFFERENCE)) {
    throw new CliError(
      `ONNX Runtime and torch differ by ${largest.toExponential(1)}, more than ${LARGEST_DIFFERENCE}: not exported.`,
      1,
    );
  }
  const gate = draft.review?.gate?.file;
  if (gate !== undefined) files[gate] = describeFile(path.join(work, gate));
  for (const name of Object.keys(files)) fs.renameSync(path.join(work, name), path.join(output, name));
  const measured = { largest_difference: largest, inputs: parity.inputs, judge: 'onnxruntime-node, CPU' };
  const card: BundleCard = { ...draft, files, extensions: { ...draft.extensions, parity: measured } };
  writeFileAtomic(path.join(output, 'card.json'), `${JSON.stringify(card, null, 2)}\n`);
  return card;
}

function describeFile(file: string): BundleCard['files'][string] {
  const bytes = fs.readFileSync(file);
  return { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length };
}
