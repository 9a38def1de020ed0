import path from 'node:path';
import type { Command } from 'commander';
import { RunFiles, runKeyOf } from '../../activities/store/run-files.ts';
import type { State } from '../../activities/store/state.ts';
import { type Manifest, openManifest } from '../../manifest/query.ts';
import { createPseudonymizer } from '../../stages/deidentify/pseudonyms.ts';
import { REASONS, type Reason } from '../../stages/reasons.ts';
import { CliError } from '../exit.ts';
import { requireRunDocument } from '../run-folder.ts';
import { openStateOrExit, printJson, withStateOption } from '../settings.ts';
import { renderTable } from '../table.ts';

type Row = Record<string, unknown>;

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
  ).action(async (folder: string, key: string, options: { state?: string; json?: boolean }) => {
    const output = path.resolve(folder);
    requireRunDocument(output);
    const manifest = await openManifest(output);
    try {
      const instances = await findInstances(manifest, key, () => openStateOrExit(options.state), output);
      const units = await findUnits(manifest, key, instances);
      if (instances.length === 0 && units.length === 0) {
        throw new CliError(
          'Nothing of this run has that key. A source path must be written as it lay in the input.',
          2,
        );
      }
      const labels = await labelsOf(manifest, units);
      if (options.json) printJson({ instances: instances.map(explain), series: units.map(explain), labels });
      else print(instances, units, labels);
    } finally {
      await manifest.close();
    }
  });
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
  const found = await manifest.query(`SELECT * FROM instances WHERE ${where} ORDER BY source_key`);
  if (found.rows.length > 0 || /^su[0-9a-f]{24}$/.test(key)) return found.rows;
  const keys = sourceKeysOf(state(), output, key).map(text).join(', ');
  return (await manifest.query(`SELECT * FROM instances WHERE source_key IN (${keys})`)).rows;
}

/** Keyed hashes of what a person may mean with a path; the manifest itself holds no path. */
function sourceKeysOf(state: State, output: string, key: string): string[] {
  const pseudonymizer = createPseudonymizer(state.key);
  const bang = key.indexOf('!');
  const [file, member] = bang < 0 ? [key, null] : [key.slice(0, bang), key.slice(bang + 1)];
  const candidates = [file.replace(/^\.\//, '')];
  try {
    const { inputPath } = new RunFiles(state, runKeyOf(state, output)).settings;
    candidates.push(path.relative(inputPath, path.resolve(file)), path.basename(file));
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

/** A row with the meaning of its reason. */
function explain(row: Row): Row {
  const reason = row.reason as Reason | null;
  return reason === null ? row : { ...row, reason_meaning: REASONS[reason].meaning };
}

function print(instances: Row[], units: Row[], labels: Row[]): void {
  const out = (line: string) => process.stdout.write(`${line}\n`);
  for (const row of instances.slice(0, MAX_INSTANCES).map(explain)) {
    out(
      `source file ${row.source_key}: ${row.disposition}${row.reason === null ? '' : ` because ${row.reason}`}`,
    );
    if (row.reason_meaning !== undefined) out(`  ${row.reason_meaning}`);
    if (row.output_path !== null) out(`  published as ${row.output_path}`);
    if (row.series_unit !== null) out(`  in series unit ${row.series_unit}`);
  }
  if (instances.length > MAX_INSTANCES) out(`… and ${instances.length - MAX_INSTANCES} more source files`);
  for (const row of units.map(explain)) {
    out(
      `\nseries unit ${row.series_unit}: ${row.disposition}${row.reason === null ? '' : ` because ${row.reason}`}`,
    );
    if (row.reason_meaning !== undefined) out(`  ${row.reason_meaning}`);
    out(
      `  ${row.instance_count} slices of ${row.rows}×${row.columns}, spacing ${show(row.slice_spacing_mm)} mm (${row.slice_spacing_regular === true ? 'regular' : 'not regular'}), ${show(row.slice_gap_count)} missing, tilt ${show(row.gantry_tilt_deg)}°, coverage ${show(row.coverage_mm)} mm`,
    );
    const tasks = ['body_part', 'axis', 'contrast'] as const;
    const own = labels.filter((label) => label.series_unit === row.series_unit);
    if (own.length === 0) continue;
    out(
      renderTable(
        ['  task', 'label', 'score', 'second', 'header', 'geometry', 'verdict'],
        tasks.map((task) => {
          const label = own.find((each) => each.task === task);
          return [
            `  ${task}`,
            show(label?.label),
            Number(label?.score).toFixed(3),
            `${show(label?.second_label)} ${Number(label?.second_score).toFixed(3)}`,
            show(row[`${task}_header`]),
            task === 'axis' ? show(row.axis_geometry) : '',
            show(row[`${task}_agreement`]),
          ];
        }),
      ),
    );
    const reviews = row.review_reasons as string[] | null;
    if (reviews !== null && reviews.length > 0) out(`  to be reviewed: ${reviews.join(', ')}`);
  }
}

function show(value: unknown): string {
  if (value === null || value === undefined) return '-';
  return typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(2) : String(value);
}
