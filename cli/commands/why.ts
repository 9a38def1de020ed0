import path from 'node:path';
import type { Command } from 'commander';
import { RunFiles, runKeyOf } from '../../activities/store/run-files.ts';
import type { State } from '../../activities/store/state.ts';
import { type Manifest, openManifest } from '../../manifest/query.ts';
import { createPseudonymizer } from '../../stages/deidentify/pseudonyms.ts';
import { isSeriesUnitKey } from '../../stages/publish/output-paths.ts';
import { CliError } from '../exit.ts';
import { explainRow, explainVerdicts, type Row } from '../explain-verdict.ts';
import { withOutputView } from '../output-view.ts';
import { requireRunDocument } from '../run-folder.ts';
import { openStateOrExit, printJson, withStateOption } from '../settings.ts';

const MAX_INSTANCES = 20;

export function registerWhy(program: Command): void {
  withStateOption(
    program
      .command('why')
      .summary('why a file, instance, series or series unit ended as it did')
      .description(
        'KEY is a path of a source file (relative to the input, or absolute; ARCHIVE!MEMBER for a member), or a\n' +
          'source_key, sop_instance_uid, series_unit, series_instance_uid or study_instance_uid of the manifest.',
      )
      .argument('<dir>', 'output folder of the run')
      .argument('<key>', 'what to explain')
      .option('--json', 'print one JSON document on standard output'),
  ).action(async (folder: string, key: string, options: WhyOptions) => {
    await withOutputView(folder, 'tables', async (view) => {
      requireRunDocument(view.folder, folder);
      const manifest = await openManifest(view.folder);
      try {
        await explain(manifest, key, folder, options);
      } finally {
        await manifest.close();
      }
    });
  });
}

interface WhyOptions {
  state?: string;
  json?: boolean;
}

async function explain(manifest: Manifest, key: string, output: string, options: WhyOptions): Promise<void> {
  const instances = await findInstances(manifest, key, () => openStateOrExit(options.state), output);
  const units = await findUnits(manifest, key, instances);
  if (instances.length === 0 && units.length === 0) {
    throw new CliError(
      'Nothing of this run has that key. A source path must be written as it lay in the input.',
      2,
    );
  }
  const labels = await labelsOf(manifest, units);
  const shown = instances.slice(0, options.json ? instances.length : MAX_INSTANCES);
  const explained: Row[] = [];
  for (const row of shown) {
    const relatives = instances.length <= MAX_INSTANCES ? await relativesOf(manifest, row) : {};
    explained.push({ ...explainRow(row), ...relatives });
  }
  const series = units.map(explainRow);
  if (options.json) printJson({ instances: explained, series, labels, counts: countReasons(instances) });
  else {
    const lines = explainVerdicts({
      instances: explained,
      series,
      labels,
      counts: countReasons(instances),
    });
    process.stdout.write(`${lines.join('\n')}\n`);
  }
}

const text = (value: string) => `'${value.replaceAll("'", "''")}'`;

async function findInstances(
  manifest: Manifest,
  key: string,
  state: () => State,
  output: string,
): Promise<Row[]> {
  const column = [
    'source_key',
    'sop_instance_uid',
    'series_unit',
    'series_instance_uid',
    'study_instance_uid',
  ];
  const where = column.map((name) => `${name} = ${text(key)}`).join(' OR ');
  const found = await manifest.query(
    `SELECT * FROM instances WHERE ${where} ORDER BY series_unit, slice_index, source_key`,
  );
  if (found.rows.length > 0 || isSeriesUnitKey(key)) return found.rows;
  const keys = (await sourceKeysOf(state(), output, key)).map(text).join(', ');
  return (await manifest.query(`SELECT * FROM instances WHERE source_key IN (${keys})`)).rows;
}

/** Keyed hashes of what a person may mean with a path; the manifest itself holds no path. */
async function sourceKeysOf(state: State, output: string, key: string): Promise<string[]> {
  const pseudonymizer = createPseudonymizer(state.key);
  const bang = key.indexOf('!');
  const [file, member] = bang < 0 ? [key, null] : [key.slice(0, bang), key.slice(bang + 1)];
  const candidates = [file.replace(/^\.\//, '')];
  try {
    const { input } = await (await RunFiles.open(state, runKeyOf(state, output))).readSettings();
    candidates.push(path.relative(input, path.resolve(file)), path.posix.relative(input, file));
    candidates.push(path.basename(file));
  } catch {
    // Another machine's run: relative paths still work with the same key.
  }
  const latin1 = (value: string) => Buffer.from(value).toString('latin1');
  return candidates.map((candidate) =>
    pseudonymizer.sourceKey(latin1(candidate), member === null ? null : latin1(member)),
  );
}

async function findUnits(manifest: Manifest, key: string, instances: Row[]): Promise<Row[]> {
  const own = [...new Set(instances.map((row) => row.series_unit).filter((unit) => unit !== null))].map(
    String,
  );
  const keys = [...own, key].map(text).join(', ');
  const sql = `SELECT * FROM series WHERE series_unit IN (${keys}) OR series_instance_uid = ${text(key)} OR study_instance_uid = ${text(key)} ORDER BY series_unit`;
  return (await manifest.query(sql)).rows;
}

async function labelsOf(manifest: Manifest, units: Row[]): Promise<Row[]> {
  if (units.length === 0) return [];
  const keys = units.map((row) => text(String(row.series_unit))).join(', ');
  const columns = 'series_unit, task, label, score, second_label, second_score, bundle';
  return (
    await manifest.query(
      `SELECT ${columns} FROM labels WHERE series_unit IN (${keys}) ORDER BY series_unit, task`,
    )
  ).rows;
}

/** Slices before and after an instance in its unit, and the one that stands for an instance that gave way. */
async function relativesOf(manifest: Manifest, row: Row): Promise<Row> {
  const columns = 'source_key, sop_instance_uid, series_unit, slice_index, slice_position_mm';
  if (row.slice_index !== null && row.slice_index !== undefined && row.series_unit !== null) {
    const index = Number(row.slice_index);
    const { rows } = await manifest.query(
      `SELECT ${columns} FROM instances WHERE series_unit = ${text(String(row.series_unit))} AND slice_index IN (${index - 1}, ${index + 1}) ORDER BY slice_index`,
    );
    const at = (wanted: number) => rows.find(({ slice_index }) => Number(slice_index) === wanted) ?? null;
    return { before: at(index - 1), after: at(index + 1) };
  }
  if (row.reason === 'duplicate-instance') {
    const { rows } = await manifest.query(
      `SELECT ${columns} FROM instances WHERE sop_instance_uid = ${text(String(row.sop_instance_uid))} AND disposition <> 'duplicate' LIMIT 1`,
    );
    return { stands_for_it: rows[0] ?? null };
  }
  const place = row.image_position_patient as number[] | null;
  if (row.reason !== 'duplicate-position' || place === null) return {};
  const [x, y, z] = place.map(Number);
  const { rows } = await manifest.query(
    `SELECT ${columns} FROM instances WHERE series_instance_uid = ${text(String(row.series_instance_uid))} AND slice_index IS NOT NULL AND image_position_patient IS NOT NULL ORDER BY abs(image_position_patient[1] - ${x}) + abs(image_position_patient[2] - ${y}) + abs(image_position_patient[3] - ${z}), source_key LIMIT 1`,
  );
  return { stands_for_it: rows[0] ?? null };
}

/** How the source files of the key ended, by reason. */
function countReasons(instances: Row[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason, disposition } of instances) {
    const name = String(reason ?? disposition);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
