#!/usr/bin/env node
// Training on public data in one command: select, fetch, curate, label, train, evaluate. See README.md.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { curate, describeSources, evaluate, StepError, train } from './commands.mjs';
import { bytesToCome, fetchAll } from './fetch.mjs';
import { StoreError } from './object-store.mjs';
import { SELECTION_DEFAULTS as DEFAULTS, FETCH_DEFAULTS, root } from './settings.mjs';

const STEPS = ['select', 'fetch', 'curate', 'label', 'train', 'evaluate'];
const PRESETS = ['shipped', 'paper', 'starter'];
const USAGE = `Usage: node examples/train-on-idc/run.mjs [options]

  --steps A,B,…      of ${STEPS.join(', ')} (all)
  --dry-run          select, say what would be fetched and how long it may take, and do nothing else
  --limit-gb N       at most so much is fetched (${DEFAULTS.limitGb})
  --per-label N      at most so many series a body part for training (${DEFAULTS.perLabel})
  --seed N           of the selection and the training (${DEFAULTS.seed})
  --preset NAME,…    what to train and evaluate: paper, starter; shipped is evaluated only (all three)
  --work DIR         everything lies here (.cache/train-on-idc of the checkout)
  --epochs N         fewer epochs, for a trial
  --provider NAME    cpu or cuda, for labelling (cpu)
  --concurrency N    series fetched at the same time (${FETCH_DEFAULTS.concurrency})
  --endpoint URL     another store of the same layout (${FETCH_DEFAULTS.endpoint})
  --table FILE       another Parquet table of the columns of idc-index-data

Each step goes on where it was. Exit: 0; 1 some series could not be fetched, or a command failed; 2 wrong usage;
3 no table, store, disk or training program; 130 interrupted.
`;
const say = (text) => process.stderr.write(`${text}\n`);

function parse(argv) {
  const text = { type: 'string' };
  const { values } = parseArgs({
    args: argv,
    options: {
      ...{
        steps: text,
        'limit-gb': text,
        'per-label': text,
        seed: text,
        preset: text,
        work: text,
        table: text,
      },
      ...{ provider: text, concurrency: text, endpoint: text, epochs: text },
      ...{ 'dry-run': { type: 'boolean' }, help: { type: 'boolean' } },
    },
  });
  const number = (name, fallback) => {
    const value = values[name] === undefined ? fallback : Number(values[name]);
    if (!Number.isFinite(value) || value <= 0) throw new StepError(`--${name} must be a number above 0`, 2);
    return value;
  };
  const steps = values.steps?.split(',') ?? STEPS;
  const unknown = steps.find((step) => !STEPS.includes(step));
  if (unknown !== undefined) throw new StepError(`there is no step ${unknown}`, 2);
  const presets = values.preset?.split(',') ?? PRESETS;
  const strange = presets.find((preset) => !PRESETS.includes(preset));
  if (strange !== undefined) throw new StepError(`there is no preset ${strange}`, 2);
  return {
    help: values.help ?? false,
    dryRun: values['dry-run'] ?? false,
    steps: STEPS.filter((step) => steps.includes(step)),
    presets: PRESETS.filter((preset) => presets.includes(preset)),
    work: path.resolve(values.work ?? path.join(root, '.cache/train-on-idc')),
    table: values.table,
    provider: values.provider ?? 'cpu',
    epochs: values.epochs === undefined ? undefined : number('epochs'),
    selection: {
      seed: number('seed', DEFAULTS.seed),
      limitGb: number('limit-gb', DEFAULTS.limitGb),
      perLabel: number('per-label', DEFAULTS.perLabel),
    },
    store: {
      endpoint: (values.endpoint ?? FETCH_DEFAULTS.endpoint).replace(/\/$/, ''),
      concurrency: number('concurrency', FETCH_DEFAULTS.concurrency),
    },
  };
}

async function select({ work, table, selection }) {
  // DuckDB and the normaliser are loaded where they are needed.
  const [{ provideTable }, { selectSeries }] = await Promise.all([
    import('./idc-table.mjs'),
    import('./select.mjs'),
  ]);
  const file = table ?? provideTable();
  if (file === null || !fs.existsSync(file)) {
    throw new StepError(
      'the table of idc-index-data is not there and cannot be installed (python3 and pip?)',
      3,
    );
  }
  fs.mkdirSync(work, { recursive: true });
  return describe(await selectSeries({ work, table: file, options: selection }));
}

function describe(series) {
  const count = (of) => new Set(series.map(of)).size;
  const bytes = series.reduce((sum, row) => sum + row.bytes, 0);
  say(
    `  ${series.length} series of ${count((row) => row.patient)} patients in ${count((row) => row.collection_id)} ` +
      `collections, ${count((row) => row.body_part)} of 16 body parts, ${(bytes / 1e9).toFixed(2)} GB; ` +
      `${((bytes * 8) / 1e8 / 3600).toFixed(1)} h at 100 Mbit/s (estimate)`,
  );
}

function readSelected(work) {
  const file = path.join(work, 'selection.json');
  if (!fs.existsSync(file))
    throw new StepError('nothing has been selected yet: begin with --steps select', 2);
  return JSON.parse(fs.readFileSync(file, 'utf8')).series;
}

async function fetchStep({ work, store }) {
  const series = readSelected(work);
  const { bavail, bsize } = fs.statfsSync(work);
  const toCome = bytesToCome(work, series);
  if (toCome > bavail * bsize) {
    throw new StepError(`${(toCome / 1e9).toFixed(1)} GB are to come, and the disk has not so much room`, 3);
  }
  const { counts, failed } = await fetchAll({ work, series, options: store, say });
  say(
    `  ${Object.entries(counts)
      .map(([name, n]) => `${name} ${n}`)
      .join(', ')}`,
  );
  if (failed.length === 0) return 0;
  say(`  ${failed.length} series could not be fetched and are left out: WORK/fetch-failures.json`);
  return 1;
}

function trainStep({ work, presets, selection: { seed }, epochs }) {
  const source = describeSources(readSelected(work));
  for (const preset of presets) train(work, { preset, source, seed, epochs });
}

async function label({ work }) {
  const { labelUnits } = await import('./label.mjs');
  const {
    train: forTraining,
    evaluate: forTest,
    dropped,
  } = await labelUnits({ work, selected: readSelected(work) });
  say(`  ${forTraining} units to train on, ${forTest} to evaluate on, ${dropped.length} labels dropped`);
}

async function main(argv) {
  const options = parse(argv);
  if (options.help) return process.stdout.write(USAGE) && 0;
  if (options.dryRun) {
    say('select');
    await select(options);
    say(`nothing was fetched; the steps would be: ${options.steps.join(', ')}`);
    return 0;
  }
  const { work } = options;
  const actions = {
    select: () => select(options),
    fetch: () => fetchStep(options),
    curate: () => curate(work, options),
    label: () => label(options),
    train: () => trainStep(options),
    evaluate: () => options.presets.map((preset) => evaluate(work, { preset, provider: options.provider })),
  };
  let exitCode = 0;
  for (const step of options.steps) {
    say(step);
    const code = await actions[step]();
    if (typeof code === 'number') exitCode = Math.max(exitCode, code);
  }
  return exitCode;
}

process.on('SIGINT', () => process.exit(130));
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (String(error.code).startsWith('ERR_PARSE_ARGS')) {
    say(`${error.message}\n\n${USAGE}`);
    process.exitCode = 2;
  } else if (error instanceof StepError || error instanceof StoreError) {
    say(`Stopped: ${error.message}`);
    process.exitCode = error.exitCode ?? 3;
  } else throw error;
}
