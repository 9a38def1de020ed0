import os from 'node:os';
import { performance } from 'node:perf_hooks';
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  type Bundle,
  type BundleEntry,
  listBundles,
  loadBundle,
  resolveBundle,
} from '../../models/bundle.ts';
import type { BundleCard } from '../../models/card.ts';
import { createClassifier } from '../../models/classifier.ts';
import { BundleError, ClassifierError } from '../../models/errors.ts';
import type { ProviderName } from '../../models/providers.ts';
import { CliError } from '../exit.ts';
import { printJson, say } from '../settings.ts';
import { renderTable } from '../table.ts';

const JSON_OPTION = ['--json', 'print one JSON document on standard output'] as const;

/** Adds `models list|show|verify|bench`. Exit 1 when a bundle is refused, 2 when there is none of that name. */
export function registerModels(program: Command): void {
  const models = program.command('models').summary('the model bundles known to this checkout');
  models.description(
    'Model bundles are folders with a card.json and ONNX files, below models/bundles or anywhere.\n' +
      'NAME is the name of one of them or a path.',
  );
  models
    .command('list')
    .description('every bundle with its version, tasks and size')
    .option(...JSON_OPTION)
    .action(async ({ json }: { json?: boolean }) => printList(await listBundles(), json === true));
  models
    .command('show')
    .description("a bundle's card: what it is, what it learned from, how well it does, what it cannot do")
    .argument('<name>', 'name or path of a bundle')
    .option(...JSON_OPTION)
    .action(async (name: string, { json }: { json?: boolean }) => {
      const bundle = await open(name);
      if (json === true) {
        printJson({ sha256: bundle.sha256, folder: bundle.folder, card: bundle.card });
      } else process.stdout.write(describeCard(bundle));
    });
  models
    .command('verify')
    .description(
      'checks cards, vocabulary and the SHA-256 of every file; exit code 1 when one does not match',
    )
    .argument('[name]', 'name or path of a bundle; all bundles without it')
    .option(...JSON_OPTION)
    .action(async (name: string | undefined, { json }: { json?: boolean }) =>
      verify(name === undefined ? await listBundles() : [await check(name)], json === true),
    );
  models
    .command('bench')
    .description('times a bundle on tensors of noise: load, each run, memory')
    .argument('[name]', 'name or path of a bundle', 'starter')
    .option('--rounds <number>', 'timed rounds, after one that is not timed', parseCount, 10)
    .addOption(new Option('--runs <number>', 'former name of --rounds').argParser(parseCount).hideHelp())
    .addOption(
      new Option('--threads <number>', 'threads of ONNX Runtime')
        .argParser(parseCount)
        .default(os.availableParallelism(), 'number of cores'),
    )
    .addOption(new Option('--provider <name>', 'execution provider').choices(['cpu', 'cuda']).default('cpu'))
    .option(...JSON_OPTION)
    .action(bench);
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new InvalidArgumentError('Expected a number from 1 on.');
  return count;
}

async function open(name: string): Promise<Bundle> {
  try {
    return await loadBundle(await resolveBundle(name));
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    throw new CliError(error.message, error.code === 'bundle-missing' ? 2 : 1);
  }
}

async function check(name: string): Promise<BundleEntry> {
  const folder = await resolveBundle(name).catch((error: unknown) => {
    throw error instanceof BundleError ? new CliError(error.message, 2) : error;
  });
  try {
    return { name, folder, bundle: await loadBundle(folder), error: null };
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    return { name, folder, bundle: null, error };
  }
}

function bytesOf(bundle: Bundle): number {
  return Object.values(bundle.card.files).reduce((sum, { bytes }) => sum + bytes, 0);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function printList(entries: BundleEntry[], json: boolean): void {
  if (json) {
    printJson(
      entries.map(({ name, folder, bundle, error }) => ({
        name,
        folder,
        version: bundle?.version ?? null,
        licence: bundle?.card.licence ?? null,
        description: bundle?.card.description ?? null,
        tasks: bundle?.tasks.map(({ task }) => task) ?? [],
        bytes: bundle === null ? null : bytesOf(bundle),
        sha256: bundle?.sha256 ?? null,
        problem: error === null ? null : { code: error.code, message: error.message },
      })),
    );
    return;
  }
  if (entries.length === 0) {
    say('There is no model bundle below models/bundles.');
    return;
  }
  const rows = entries.map(({ name, bundle, error }) =>
    bundle === null
      ? [name, '', '', '', '', `refused: ${error?.code}`]
      : [
          name,
          bundle.version,
          bundle.tasks.map(({ task }) => task).join(', '),
          megabytes(bytesOf(bundle)),
          bundle.card.licence,
          'ok',
        ],
  );
  process.stdout.write(`${renderTable(['name', 'version', 'tasks', 'size', 'licence', 'state'], rows)}\n`);
}

function verify(entries: BundleEntry[], json: boolean): void {
  const failed = entries.filter(({ error }) => error !== null).length;
  if (json) {
    printJson({
      ok: failed === 0,
      bundles: entries.map(({ name, bundle, error }) => ({
        name,
        ok: error === null,
        sha256: bundle?.sha256 ?? null,
        files: bundle === null ? null : Object.keys(bundle.card.files).length,
        problem: error === null ? null : { code: error.code, message: error.message },
      })),
    });
  } else {
    for (const { name, bundle, error } of entries) {
      process.stdout.write(
        error === null
          ? `${name}  ok  ${Object.keys(bundle?.card.files ?? {}).length} files match, bundle sha256 ${bundle?.sha256}\n`
          : `${name}  ${error.code}  ${error.message}\n`,
      );
    }
    if (entries.length === 0) say('There is no model bundle below models/bundles.');
  }
  if (failed > 0) throw new CliError(`${failed} of ${entries.length} bundles are refused.`, 1);
}

/** The card in words and tables. */
function describeCard(bundle: Bundle): string {
  const { card } = bundle;
  const lines = [
    `${card.name} ${card.version} (${card.licence})`,
    card.description,
    '',
    `made by    ${card.made_by}`,
    `folder     ${bundle.folder}`,
    `sha256     ${bundle.sha256}`,
    `input      ${card.input.name} ${card.input.dtype} [${card.input.shape.join(', ')}]`,
    `prepared   version ${card.preprocessing.version}: window ${card.preprocessing.window_hu.join(' to ')} HU, ` +
      `${card.preprocessing.shape.join(' × ')}, ${card.preprocessing.interpolation}, ${card.preprocessing.rounding}`,
    `slices     ${card.preprocessing.slice_order}`,
    '',
    renderTable(
      ['file', 'size', 'sha256'],
      Object.entries(card.files).map(([file, { bytes, sha256 }]) => [file, megabytes(bytes), sha256]),
    ),
    '',
    ...bundle.tasks.map(
      ({ task, labels, temperature }) =>
        `${task} (temperature ${temperature}, ${labels.length} labels): ${labels.join(', ')}`,
    ),
  ];
  lines.push('', 'Measured');
  if (card.results.length === 0) lines.push('nothing: the card has no results.');
  else {
    const rows = card.results.map((result) => [
      result.task,
      result.metric,
      result.value === null ? '' : String(result.value),
      result.ci_low == null || result.ci_high == null ? '' : `${result.ci_low} to ${result.ci_high}`,
      result.series == null ? '' : String(result.series),
      result.patients == null ? '' : String(result.patients),
      `${result.data} (${result.method})`,
    ]);
    lines.push(renderTable(['task', 'metric', 'value', 'interval', 'series', 'patients', 'on'], rows));
    const intervals = new Set(card.results.flatMap(({ interval }) => (interval == null ? [] : [interval])));
    for (const interval of intervals) lines.push(`interval: ${interval}`);
  }
  lines.push('', 'Calibration', ...describeValue(card.calibration));
  if (card.review !== undefined) lines.push('', 'Review', ...describeValue(card.review));
  lines.push('', 'Learned from', ...card.trained_on.map(describeSource));
  lines.push('', 'Patients behind each label', ...describeValue(card.patients_per_label));
  lines.push('', 'Known limits', ...card.limits.map((limit) => `- ${limit}`));
  return `${lines.join('\n')}\n`;
}

/** A source of training data on one line; what a card leaves open is left out. */
function describeSource(source: BundleCard['trained_on'][number]): string {
  if (typeof source === 'string') return `- ${source}`;
  const known = Object.entries(source).filter(([, value]) => value !== null && value !== '');
  return `- ${known.map(([key, value]) => `${key} ${typeof value === 'object' ? JSON.stringify(value) : value}`).join('; ')}`;
}

/** Free-form parts of a card, one line a key. */
function describeValue(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [`- ${String(value)}`];
  if (Array.isArray(value)) return value.flatMap(describeValue);
  return Object.entries(value).map(([key, item]) => {
    const text =
      typeof item === 'object' && item !== null && !Array.isArray(item)
        ? Object.entries(item)
            .map(([name, each]) => `${name} ${typeof each === 'object' ? JSON.stringify(each) : each}`)
            .join(', ')
        : Array.isArray(item)
          ? item.map((each) => (typeof each === 'object' ? JSON.stringify(each) : String(each))).join(', ')
          : String(item);
    return `- ${key}: ${text}`;
  });
}

async function bench(
  name: string,
  options: { rounds: number; runs?: number; threads: number; provider: ProviderName; json?: boolean },
): Promise<void> {
  const bundle = await open(name);
  const rounds = options.runs ?? options.rounds;
  const length = bundle.card.preprocessing.shape.reduce((product, size) => product * size, 1);
  try {
    const begin = performance.now();
    const classifier = await createClassifier(bundle, options);
    const loadMs = performance.now() - begin;
    const times: number[] = [];
    const rssBytes: number[] = [];
    let cpuMs = 0;
    for (let run = 0; run <= rounds; run++) {
      const tensor = makeNoise(length, run);
      const cpu = process.cpuUsage();
      const start = performance.now();
      await classifier.classify(tensor);
      // The first run allocates and, on a GPU, searches its convolutions: it says nothing of the next thousand.
      if (run === 0) continue;
      times.push(performance.now() - start);
      const spent = process.cpuUsage(cpu);
      cpuMs += (spent.user + spent.system) / 1000;
      rssBytes.push(process.memoryUsage.rss());
    }
    await classifier.close();
    const sorted = [...times].sort((a, b) => a - b);
    const at = (share: number) =>
      round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
    const report = {
      bundle: `${bundle.name}@${bundle.version}`,
      provider: classifier.provider,
      threads: options.threads,
      runs: rounds,
      load_ms: round(loadMs),
      median_ms: at(0.5),
      fastest_ms: at(0),
      p90_ms: at(0.9),
      cpu_ms_per_run: round(cpuMs / rounds),
      series_per_hour: Math.round(3_600_000 / Math.max(at(0.5), 0.001)),
      rss_mb_first: Math.round((rssBytes[0] ?? 0) / 1e6),
      rss_mb_last: Math.round((rssBytes.at(-1) ?? 0) / 1e6),
      rss_mb_peak: Math.round(process.resourceUsage().maxRSS / 1e3),
    };
    if (options.json === true) printJson(report);
    else {
      const rows = Object.entries(report).map(([key, value]) => [key.replaceAll('_', ' '), value]);
      process.stdout.write(`${renderTable(['', ''], rows).trimStart()}\n`);
    }
  } catch (error) {
    if (!(error instanceof ClassifierError)) throw error;
    throw new CliError(error.message, error.code === 'model-invalid' ? 1 : 3);
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function makeNoise(length: number, seed: number): Uint8Array {
  const tensor = new Uint8Array(length);
  let state = seed + 1;
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    tensor[index] = state >>> 24;
  }
  return tensor;
}
