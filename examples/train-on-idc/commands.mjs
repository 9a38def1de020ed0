// Steps `curate`, `train` and `evaluate`: the commands of Serieswise that this example calls, and with what.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { here, root, truthFiles } from './settings.mjs';

/** A step that did not end well, with the exit code for the whole. */
export class StepError extends Error {
  constructor(message, exitCode) {
    super(message);
    this.name = 'StepError';
    this.exitCode = exitCode;
  }
}

function serieswise(args, options = {}) {
  const { status, signal, stdout } = spawnSync(
    process.execPath,
    [path.join(root, 'bin/serieswise'), ...args],
    { stdio: ['ignore', 'inherit', 'inherit'], cwd: root, encoding: 'utf8', ...options },
  );
  if (status !== 0) {
    throw new StepError(`serieswise ${args[0]} ended with ${signal ?? status}`, signal ? 130 : (status ?? 1));
  }
  return stdout;
}

function runPipeline(work, { provider, bundle }) {
  serieswise([
    ...['run', path.join(here, 'pipeline.yaml'), '--input', path.join(work, 'dicom')],
    ...['--output', path.join(work, 'run'), '--state', path.join(work, 'state'), '--provider', provider],
    ...(bundle === undefined ? [] : ['--set', `classify.bundle=${bundle}`]),
  ]);
}

/** Runs the pipeline on what was fetched and keeps the shipped bundle's predictions as the baseline. */
export function curate(work, { provider }) {
  if (!fs.existsSync(path.join(work, 'dicom'))) throw new StepError('nothing has been fetched yet', 2);
  runPipeline(work, { provider });
  serieswise(['query', path.join(work, 'run'), 'FROM labels', '--output', baselineFile(work)]);
}

const baselineFile = (work) => path.join(work, 'predictions-shipped.parquet');
const bundleFolder = (work, preset) => path.join(work, 'bundles', preset);

/**
 * Trains one preset from the run's tensors and the weak truth; goes on from its last epoch where it was stopped.
 * @param options source (what the card must name), seed, epochs (undefined: the preset's own)
 */
export function train(work, { preset, source, seed, epochs }) {
  if (preset === 'shipped') return;
  if (!fs.existsSync(truthFiles(work).train)) throw new StepError('nothing has been labelled yet', 2);
  const help = serieswise(['train', '--help'], { stdio: ['ignore', 'pipe', 'inherit'] });
  // An unknown command's help is that of the whole program.
  if (!help.includes('serieswise train')) {
    throw new StepError(
      'this checkout has no `serieswise train` yet; everything before it is done and stays done.',
      3,
    );
  }
  const bundle = bundleFolder(work, preset);
  // A bundle of another truth, seed or length is made anew; one of the same is done, or goes on.
  const key = createHash('sha256')
    .update(fs.readFileSync(truthFiles(work).train))
    .update(`${preset} ${seed} ${epochs}`)
    .digest('hex');
  const begun = `${bundle}.json`;
  const isSame = fs.existsSync(begun) && JSON.parse(fs.readFileSync(begun, 'utf8')).key === key;
  if (isSame && fs.existsSync(path.join(bundle, 'card.json'))) return;
  if (!isSame) fs.rmSync(bundle, { recursive: true, force: true });
  fs.mkdirSync(path.dirname(bundle), { recursive: true });
  fs.writeFileSync(begun, JSON.stringify({ key }));
  serieswise([
    ...['train', '--manifest', path.join(work, 'run'), '--truth', truthFiles(work).train, '--task', 'all'],
    ...['--preset', preset, '--output', bundle, '--seed', String(seed), '--source', source],
    ...(epochs === undefined ? [] : ['--epochs', String(epochs)]),
    ...(fs.existsSync(bundle) ? ['--resume'] : []),
  ]);
}

/** The collections behind the training series, for the card: never train on what it cannot name. */
export function describeSources(selected) {
  const sources = new Set(
    selected
      .filter(({ split }) => split === 'develop')
      .map(({ collection_id, source_doi, licence }) => `${collection_id} (doi ${source_doi}, ${licence})`),
  );
  return `NCI Imaging Data Commons, weak labels from headers: ${[...sources].sort().join('; ')}`;
}

/** Labels the same tensors with the trained bundle and evaluates by data set, as the paper's external validation. */
export function evaluate(work, { preset, provider }) {
  if (!fs.existsSync(truthFiles(work).evaluate)) throw new StepError('nothing has been labelled yet', 2);
  if (preset === 'shipped') {
    evaluateLabels(work, preset, baselineFile(work));
    return;
  }
  const bundle = bundleFolder(work, preset);
  if (!fs.existsSync(path.join(bundle, 'card.json'))) {
    throw new StepError(`there is no trained bundle for the preset ${preset} yet`, 2);
  }
  runPipeline(work, { provider, bundle });
  evaluateLabels(work, preset, path.join(work, 'run'), baselineFile(work));
}

/** A row for each data set and the pooled row; intervals by patient. */
function evaluateLabels(work, preset, predictions, compare) {
  serieswise([
    ...['evaluate', '--predictions', predictions, '--truth', truthFiles(work).evaluate],
    ...['--cluster', 'patient', '--subgroup', 'dataset', 'split'],
    ...['--output', path.join(work, `evaluation-${preset}`)],
    ...(compare === undefined ? [] : ['--compare', compare]),
  ]);
}
