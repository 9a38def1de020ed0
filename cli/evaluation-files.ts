import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { isLabelColumn, type TableColumns } from '../evaluation/tables.ts';
import { ManifestError } from '../manifest/errors.ts';
import { openManifest } from '../manifest/query.ts';
import { CliError } from './exit.ts';

/** A table read from a file or a run's folder. */
interface TableFile {
  /** Columns that were read: labels, scores and the wanted ones. */
  readonly columns: TableColumns;
  /** Names of all columns of the file. */
  readonly available: readonly string[];
}

/** Predictions or truth as the user named them. */
export interface LabelSource {
  readonly labels: TableFile;
  /** A run's series table, beside its labels. */
  readonly series: TableFile | null;
  /** What `evaluation.json` says about where it came from; the digest is null for a folder. */
  readonly source: { readonly name: string; readonly sha256: string | null };
}

/** Columns never needed here, and large. */
const SKIPPED_COLUMNS = new Set(['logits']);

/**
 * Reads a CSV or Parquet file, a folder of Parquet files, or a run's output folder (its labels and series tables).
 * As truth, an output folder stands for what people have decided in reviews there, and for nothing else.
 * @param wanted further columns to read, for clusters and subgroups.
 * @throws CliError (2) that names the option, the file and the cure.
 */
export async function readLabelSource(
  option: string,
  location: string,
  wanted: ReadonlySet<string>,
): Promise<LabelSource> {
  const stat = fs.statSync(location, { throwIfNoEntry: false });
  if (stat === undefined) {
    throw new CliError(`${option}: there is no file or folder ${location}.`, 2);
  }
  const name = path.basename(path.resolve(location));
  if (!stat.isDirectory()) {
    const labels = await readTable(option, location, scanOf(location), wanted);
    return { labels, series: null, source: { name, sha256: digestFile(location) } };
  }
  if (option === '--truth' && hasParquet(path.join(location, 'manifest', 'reviews')))
    return readReviews(location, name);
  const tableOf = async (folder: string): Promise<TableFile | null> =>
    hasParquet(folder)
      ? readTable(option, folder, parquetScan(path.join(folder, '*.parquet')), wanted)
      : null;
  const labels = await tableOf(path.join(location, 'manifest', 'labels'));
  if (option === '--truth' && labels !== null) {
    throw new CliError(
      `--truth: nobody has reviewed ${location}, and what a model says is no truth. Look at it first ` +
        '(serieswise review DIR), or name a table of true labels.',
      2,
    );
  }
  const series = await tableOf(path.join(location, 'manifest', 'series'));
  const source = { name, sha256: null };
  if (labels !== null) return { labels, series, source };
  const own = series ?? (await tableOf(location));
  if (own === null) {
    throw new CliError(
      `${option}: the folder ${location} holds neither manifest/labels/*.parquet (a run's output) nor Parquet ` +
        'files of its own. Name a run that has classified, or a CSV or Parquet file.',
      2,
    );
  }
  return { labels: own, series, source };
}

/** The labels that reviewers have settled: no predictions, no disputed labels, no units that they exclude. */
async function readReviews(location: string, name: string): Promise<LabelSource> {
  const settled = ['body_part', 'axis', 'contrast']
    .map(
      (task) => `CASE WHEN ${task}_source IN ('review', 'adjudication') THEN ${task}_resolved END AS ${task}`,
    )
    .join(', ');
  const manifest = await openManifest(location).catch((error: unknown) => {
    if (error instanceof ManifestError) throw new CliError(`--truth: ${error.message}`, 2);
    throw error;
  });
  try {
    const { rows, columns } = await manifest.query(
      `SELECT series_unit, ${settled} FROM series WHERE review_disposition IN ('kept', 'disputed') ORDER BY 1`,
    );
    const names = columns.map((column) => column.name);
    const read = new Map(names.map((column) => [column, rows.map((row) => row[column] ?? null)]));
    return { labels: { columns: read, available: names }, series: null, source: { name, sha256: null } };
  } finally {
    await manifest.close();
  }
}

function hasParquet(folder: string): boolean {
  return fs.existsSync(folder) && fs.readdirSync(folder).some((name) => name.endsWith('.parquet'));
}

function digestFile(file: string): string {
  return createHash('sha256').update(fs.readFileSync(file)).digest('hex');
}

function scanOf(file: string): string {
  if (/\.(csv|tsv|txt)(\.gz)?$/i.test(file)) return csvScan(file);
  if (/\.parquet$/i.test(file) || startsAsParquet(file)) return parquetScan(file);
  return csvScan(file);
}

function startsAsParquet(file: string): boolean {
  const head = Buffer.alloc(4);
  const descriptor = fs.openSync(file, 'r');
  try {
    fs.readSync(descriptor, head, 0, 4, 0);
  } finally {
    fs.closeSync(descriptor);
  }
  return head.toString('latin1') === 'PAR1';
}

/** Every cell as text: a column of `yes` and `no` must not become booleans. */
function csvScan(file: string): string {
  return `read_csv(${quote(file)}, header = true, all_varchar = true)`;
}

function parquetScan(pattern: string): string {
  return `read_parquet(${quote(pattern)}, union_by_name = true)`;
}

function quote(text: string): string {
  return `'${text.replace(/'/g, "''")}'`;
}

async function readTable(
  option: string,
  location: string,
  scan: string,
  wanted: ReadonlySet<string>,
): Promise<TableFile> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${scan}`);
    const available = described.getRows().map((row) => String(row[0]));
    const names = available.filter(
      (name) => !SKIPPED_COLUMNS.has(name) && (isLabelColumn(name) || wanted.has(name)),
    );
    if (names.length === 0) return { columns: new Map(available.map((name) => [name, []])), available };
    const selected = names.map((name) => `"${name.replace(/"/g, '""')}"`).join(', ');
    const reader = await connection.runAndReadAll(`SELECT ${selected} FROM ${scan}`);
    const columns = reader.getColumnsJson();
    return { columns: new Map(names.map((name, c) => [name, columns[c] ?? []])), available };
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split('\n');
    throw new CliError(
      `${option}: ${location} cannot be read as CSV (with a header line) or Parquet: ${reason ?? 'unknown reason'}`,
      2,
    );
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
