import fs, { mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { openState, type State } from '../../../activities/store/state.ts';
import { makeArchive } from '../../../demo/archive.ts';
import { openManifest } from '../../../manifest/query.ts';
import type { AnswerKey } from '../../../proof/answer-key.ts';
import { plantIdentifiers } from '../../../proof/plant-identifiers.ts';
import { type ProofSource, readProofSource } from '../../../proof/proof-source.ts';
import { describeProof, formatShare, renderProofHtml, renderProofMarkdown } from '../../../proof/report.ts';
import { type FileOutcome, scoreActions } from '../../../proof/score-actions.ts';
import { type ProofSummary, summarize } from '../../../proof/summarize.ts';
import { createTokenFinder, type TokenFinder } from '../../../proof/token-finder.ts';
import { createPseudonymizer } from '../../../stages/deidentify/pseudonyms.ts';
import { executeRun } from '../../../workers/execute-run.ts';
import { availableCores } from '../../../workers/machine.ts';
import { CliError } from '../../exit.ts';
import { loadRunnablePipeline, SHIPPED_PIPELINE } from '../../load-pipeline.ts';
import { createProgressDisplay } from '../../progress.ts';
import { printJson, say } from '../../settings.ts';
import { renderTable } from '../../table.ts';

interface ProveOptions {
  source?: string;
  patients: string;
  seed: string;
  output?: string;
  set: string[];
  json?: boolean;
}

const SLICES = 3;
const MAX_SOURCES = 60;
const SOURCES_PER_SERIES = 2;
const MAX_SOURCE_BYTES = 64 * 1024 * 1024;
/**
 * The shipped pipeline, with dates shifted so that intervals are seen to stay, and with small stacks taken, so that many
 * patients need few images.
 */
const OVERRIDES = ['deidentify.dates=shift', 'group.min_slices=1', 'publish.thumbnails=true'];

export function registerProve(deid: Command): void {
  deid
    .command('prove')
    .summary('plant synthetic identifiers, run the pipeline, and look for them in all that it writes')
    .description(
      'Plants synthetic identifiers into real headers (attributes, sequences, private blocks, File Meta, preamble,\n' +
        'padding, file names, burned-in pixels), runs the real pipeline on them, and scores what came out by the ten\n' +
        'actions of MIDI-B. Ends with 1 when something survived. Works in a temporary folder with a key of its own.',
    )
    .option(
      '--source <dir>',
      'folder with CT images to plant into (default: the generated archive of the demo)',
    )
    .option('--patients <n>', 'synthetic patients', '200')
    .option('--seed <n>', 'same seed and sources, same plants', '1')
    .option('--output <dir>', 'write proof.json, proof.md, proof.html and answer-key.json there')
    .option('--set <a.b=value>', 'override a field of the pipeline spec (repeatable)', collect, [])
    .option('--json', 'print one JSON document on standard output')
    .action(async (options: ProveOptions) => prove(options));
}

function collect(value: string, values: string[]): string[] {
  return [...values, value];
}

async function prove(options: ProveOptions): Promise<void> {
  const patients = wholeNumber('--patients', options.patients, 1, 5000);
  const seed = wholeNumber('--seed', options.seed, 0, 0xffffffff);
  const output = options.output === undefined ? null : prepareOutput(path.resolve(options.output));
  const folder = mkdtempSync(path.join(os.tmpdir(), 'serieswise-prove-'));
  try {
    const sources = await collectSources(options.source, folder, seed);
    say(`Planting ${patients} synthetic patients into ${sources.length} headers.`);
    const archive = path.join(folder, 'archive');
    const key = plantIdentifiers(sources, { seed, patients, slices: SLICES }, (relative, bytes) => {
      const target = path.join(archive, relative);
      fs.mkdirSync(path.dirname(target), { recursive: true });
      fs.writeFileSync(target, bytes);
    });
    const state = openState(path.join(folder, 'state'));
    const run = await runPipeline(state, archive, path.join(folder, 'output'), options.set);
    say('Looking for what was planted.');
    const summary = await score(key, state, path.join(folder, 'output'), run.said);
    if (output !== null) writeReports(output, key, summary);
    report(summary, output, options.json === true);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most) {
    throw new CliError(`${name} ${text} is not a whole number from ${least} to ${most}.`, 2);
  }
  return value;
}

function prepareOutput(folder: string): string {
  try {
    fs.mkdirSync(folder, { recursive: true });
    fs.accessSync(folder, fs.constants.W_OK);
    return folder;
  } catch {
    throw new CliError(`The output ${folder} cannot be made or written.`, 3);
  }
}

/** CT images of a folder, few of each series; without a folder those of a generated archive. */
async function collectSources(
  source: string | undefined,
  folder: string,
  seed: number,
): Promise<ProofSource[]> {
  let root = source === undefined ? null : path.resolve(source);
  if (root === null) {
    root = path.join(folder, 'source');
    await makeArchive(root, { seed, series: 12, slices: 3 });
  }
  if (!fs.statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
    throw new CliError(`The source ${root} is no folder.`, 2);
  }
  const sources: ProofSource[] = [];
  const perSeries = new Map<string, number>();
  for (const file of listFiles(root)) {
    if (sources.length >= MAX_SOURCES) break;
    if (fs.statSync(file).size > MAX_SOURCE_BYTES) continue;
    const read = readProofSource(new Uint8Array(fs.readFileSync(file)));
    if (read === null) continue;
    const count = perSeries.get(read.seriesInstanceUid) ?? 0;
    if (count >= SOURCES_PER_SERIES) continue;
    perSeries.set(read.seriesInstanceUid, count + 1);
    sources.push(read);
  }
  if (sources.length === 0) {
    throw new CliError(
      `There is no CT image in ${root}: archives are not opened, other objects not used.`,
      2,
    );
  }
  return sources;
}

function listFiles(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

/** The real run, embedded server and all. @returns what it said to its user */
async function runPipeline(
  state: State,
  inputPath: string,
  outputFolder: string,
  overrides: readonly string[],
): Promise<{ said: string }> {
  const { pipeline, digest, bundle, plugins } = await loadRunnablePipeline(SHIPPED_PIPELINE, [
    ...OVERRIDES,
    ...overrides,
  ]);
  const lines: string[] = [];
  const interrupt = new AbortController();
  const onSignal = () => interrupt.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const display = createProgressDisplay(process.stderr);
  try {
    fs.mkdirSync(outputFolder, { recursive: true });
    const outcome = await executeRun({
      state,
      pipeline,
      pipelineDigest: digest,
      bundle,
      plugins,
      input: inputPath,
      output: outputFolder,
      concurrency: availableCores(),
      provider: 'cpu',
      priority: { level: 3, tenant: null },
      detach: false,
      signal: interrupt.signal,
      say: (text) => lines.push(text),
      onProgress: display.update,
      observers: [display.observer],
    });
    if (outcome.kind === 'interrupted' || outcome.kind === 'cancelled') {
      throw new CliError('Interrupted; the proof begins anew when it is asked for again.', 130);
    }
    if (outcome.kind !== 'done') {
      const why = outcome.kind === 'failed' ? `${outcome.message} [${outcome.code}]` : 'it was only started';
      throw new CliError(`The run that was to be proved did not end: ${why}`, 3);
    }
    return { said: [...lines, JSON.stringify(outcome.summary)].join('\n') };
  } finally {
    display.stop();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

async function score(key: AnswerKey, state: State, output: string, said: string): Promise<ProofSummary> {
  const finder = createTokenFinder(key.identifiers.map(({ text }) => text));
  const manifest = await openManifest(output);
  const elsewhere = new Map<string, string[]>();
  const note = (found: ReadonlySet<string>, where: string) => {
    for (const token of found) elsewhere.set(token, [...new Set([...(elsewhere.get(token) ?? []), where])]);
  };
  try {
    const { rows } = await manifest.query(
      'SELECT source_key, disposition, reason, output_path FROM instances',
    );
    const bySource = new Map(rows.map((row) => [String(row.source_key), row]));
    const { sourceKey } = createPseudonymizer(state.key);
    const outcomes = new Map<string, FileOutcome>();
    const dispositions: Record<string, number> = {};
    for (const { path: relative } of key.files) {
      const row = bySource.get(sourceKey(relative, null));
      if (row === undefined) continue;
      const disposition = String(row.disposition);
      const verdict = row.reason === null ? disposition : `${disposition} as ${row.reason}`;
      dispositions[verdict] = (dispositions[verdict] ?? 0) + 1;
      outcomes.set(relative, {
        disposition,
        reason: row.reason === null ? null : String(row.reason),
        output:
          typeof row.output_path === 'string'
            ? new Uint8Array(fs.readFileSync(path.join(output, row.output_path)))
            : null,
      });
    }
    for (const { name } of manifest.tables) {
      const { rows: all } = await manifest.query(`SELECT * FROM ${name}`);
      note(finder.find(Buffer.from(JSON.stringify(all))), `the table ${name}`);
    }
    note(finder.find(Buffer.from(said)), 'what the run said');
    searchFolder(output, 'the output', finder, note);
    searchFolder(state.folder, 'the state folder', finder, note);
    return summarize(key, scoreActions(key, outcomes, elsewhere), dispositions);
  } finally {
    await manifest.close();
  }
}

/** Names and bytes of every file: histories of the server, staged records, pictures, what is left of any of them. */
function searchFolder(
  folder: string,
  what: string,
  finder: TokenFinder,
  note: (found: ReadonlySet<string>, where: string) => void,
): void {
  for (const file of listFiles(folder)) {
    const relative = path.relative(folder, file);
    note(finder.find(Buffer.from(relative)), `names in ${what}`);
    note(finder.find(fs.readFileSync(file)), `${what}: ${relative.split(path.sep)[0]}`);
  }
}

function writeReports(folder: string, key: AnswerKey, summary: ProofSummary): void {
  const write = (name: string, text: string) => fs.writeFileSync(path.join(folder, name), text);
  write('proof.json', `${JSON.stringify(summary, null, 2)}\n`);
  write('proof.md', renderProofMarkdown(summary));
  write('proof.html', renderProofHtml(summary));
  write('answer-key.json', `${JSON.stringify(key)}\n`);
}

function report(summary: ProofSummary, output: string | null, json: boolean): void {
  if (json) printJson(summary);
  else {
    const { hipaa, dicom, 'best-practice': bestPractice } = summary.categories;
    const row = (name: string, tally: { checks: number; passed: number }) => [
      name,
      tally.checks,
      tally.checks - tally.passed,
      formatShare(tally),
    ];
    const rows = [
      row('HIPAA', hipaa),
      row('DICOM', dicom),
      row('best practice', bestPractice),
      row('overall', summary),
    ];
    process.stdout.write(`${renderTable(['category', 'checks', 'failed', 'passed'], rows)}\n`);
    say(describeProof(summary));
    if (output !== null) say(`Report: ${path.join(output, 'proof.html')}`);
  }
  const { survivors, missing } = summary;
  if (survivors.length > 0) throw new CliError(`${survivors.length} identifiers survived.`, 1);
  if (missing.length > 0) {
    throw new CliError(
      `Nothing survived, but ${missing.length} required checks of HIPAA and DICOM failed.`,
      1,
    );
  }
}
