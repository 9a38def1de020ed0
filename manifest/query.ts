/** Asks manifest tables in SQL, with DuckDB in memory, shut off from every other file and from the network. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue, StatementType } from '@duckdb/node-api';
import { ManifestError } from './errors.ts';
import { REVIEW_BELOW_SQL } from './review-below.ts';
import { resolvedSeriesSql, standingReviewsSql } from './review-tables.ts';
import {
  type ColumnDeclaration,
  type ColumnType,
  columnsOf,
  derivedColumnsOf,
  TABLE_NAMES,
  type TableName,
} from './schema.ts';
import { type JsonValue, toJsonValue } from './values.ts';

/** The answer to a query. Values are fit for JSON: integers beyond 2^53 and exact decimals of that size are text. */
export interface QueryResult {
  columns: { name: string; type: string }[];
  /** One object a row, keys in the order of `columns`. */
  rows: Record<string, JsonValue>[];
}

export type ExportFormat = 'parquet' | 'csv' | 'json';

/** A table or view that SQL can name. */
export interface TableListing {
  name: string;
  columns: string[];
}

/** An output folder's tables, open for SQL. */
export interface Manifest {
  /** The tables there are: instances, series, labels, and what later commands have added. */
  readonly tables: readonly TableListing[];
  /** Runs one SELECT (or WITH, FROM, DESCRIBE, SUMMARIZE …). @throws ManifestError sql-error */
  query(sql: string): Promise<QueryResult>;
  /**
   * Runs one statement of the program's own, on what `prepare` made; never text of a user.
   * @param values for `$1`, `$2`, …
   * @throws ManifestError sql-error
   */
  execute(sql: string, values?: readonly DuckDBValue[]): Promise<QueryResult>;
  /** Writes the answer to a file, whole or not at all. @throws ManifestError sql-error */
  export(sql: string, target: string, format: ExportFormat): Promise<void>;
  /** Gives memory back. Queries under way fail. */
  close(): Promise<void>;
}

export interface ManifestOptions {
  /** DuckDB's memory limit; larger sorts and groups spill to a temporary folder. */
  memoryLimit?: string;
  threads?: number;
  /** Statements of the program's own, run before the database is shut off: tables in memory, say. */
  prepare?: readonly string[];
}

interface TableFiles {
  name: string;
  files: string[];
}

/**
 * Opens `folder`/manifest. Every table of the schema is there, without rows where the run has none yet; further
 * folders with Parquet files become tables too.
 * @throws ManifestError `no-manifest` when there is nothing; `manifest-damaged` when a file is not a Parquet table
 */
export async function openManifest(folder: string, options: ManifestOptions = {}): Promise<Manifest> {
  return openTables(await findTables(path.join(path.resolve(folder), 'manifest')), options);
}

/** The tables of the schema without a row: whether a query can be asked at all. */
export function openEmptyManifest(options: ManifestOptions = {}): Promise<Manifest> {
  return openTables(
    TABLE_NAMES.map((name) => ({ name, files: [] })),
    options,
  );
}

async function openTables(sources: readonly TableFiles[], options: ManifestOptions): Promise<Manifest> {
  const database = await openDatabase(sources, options, []);
  const { connection } = database;
  const listing = await connection.runAndReadAll(
    `SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() WHERE NOT internal GROUP BY table_name`,
  );
  const columnsByTable = new Map(listing.getRowsJson().map(([name, columns]) => [name, columns as string[]]));
  return {
    tables: sources.map(({ name }) => ({ name, columns: columnsByTable.get(name) ?? [] })),
    async query(sql) {
      await checkStatement(connection, sql);
      return readResult(connection, sql);
    },
    execute: (sql, values) => readResult(connection, sql, values),
    async export(sql, target, format) {
      await checkStatement(connection, sql);
      await exportResult(sources, options, sql, path.resolve(target), format);
    },
    async close() {
      await database.close();
    },
  };
}

async function findTables(folder: string): Promise<TableFiles[]> {
  const found = new Map<string, string[]>();
  for (const entry of await fs.readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory() || !/^[a-z][a-z0-9_]*$/.test(entry.name)) continue;
    const files = (await fs.readdir(path.join(folder, entry.name)))
      .filter((name) => name.endsWith('.parquet') && !name.startsWith('.'))
      .sort();
    if (files.length > 0) {
      found.set(
        entry.name,
        files.map((name) => path.join(folder, entry.name, name)),
      );
    }
  }
  if (found.size === 0) {
    throw new ManifestError('no-manifest', 'The folder holds no manifest: it is not the output of a run.');
  }
  const names = [
    ...TABLE_NAMES,
    ...[...found.keys()].filter((name) => !TABLE_NAMES.includes(name as never)).sort(),
  ];
  return names.map((name) => ({ name, files: found.get(name) ?? [] }));
}

interface Database {
  connection: DuckDBConnection;
  close(): Promise<void>;
}

async function openDatabase(
  sources: readonly TableFiles[],
  options: ManifestOptions,
  writable: readonly string[],
): Promise<Database> {
  const { memoryLimit = '1GB', threads = Math.min(4, os.availableParallelism()) } = options;
  const spill = path.join(os.tmpdir(), `serieswise-spill-${randomBytes(6).toString('hex')}`);
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: memoryLimit,
    threads: String(threads),
    temp_directory: spill,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  const close = async () => {
    connection.closeSync();
    instance.closeSync();
    await fs.rm(spill, { recursive: true, force: true });
  };
  try {
    const stored = new Map<string, string>();
    for (const source of sources) {
      await connection.run(`CREATE VIEW ${source.name} AS ${describeTable(source, [])}`);
      const sql = describeTable(source, await listMissingColumns(connection, source.name));
      await connection.run(`CREATE OR REPLACE VIEW ${source.name} AS ${sql}`);
      stored.set(source.name, sql);
    }
    await resolveSeries(connection, stored.get('series'));
    await connection.run(REVIEW_BELOW_SQL);
    for (const sql of options.prepare ?? []) await connection.run(sql);
    const allowed = [...sources.flatMap(({ files }) => files), ...writable].map(quoteText).join(', ');
    await connection.run(`SET allowed_paths = [${allowed}]`);
    await connection.run('SET enable_external_access = false');
    await connection.run('SET lock_configuration = true');
    return { connection, close };
  } catch (error) {
    await close();
    throw new ManifestError('manifest-damaged', `A manifest table cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Columns of the schema that no file of the table has: an earlier version wrote it. */
async function listMissingColumns(connection: DuckDBConnection, table: string): Promise<ColumnDeclaration[]> {
  if (!TABLE_NAMES.includes(table as TableName)) return [];
  const present = await listColumns(connection, table);
  return columnsOf(table as TableName).filter(({ name }) => !present.has(name));
}

async function listColumns(connection: DuckDBConnection, table: string): Promise<Set<unknown>> {
  const reader = await connection.runAndReadAll(
    `SELECT column_name FROM duckdb_columns() WHERE NOT internal AND table_name = '${table}'`,
  );
  return new Set(reader.getRows().map(([name]) => name));
}

/** Gives `series` its derived columns. An exported cohort holds them already, as they were at the export. */
async function resolveSeries(connection: DuckDBConnection, stored: string | undefined): Promise<void> {
  const present = await listColumns(connection, 'series');
  if (stored === undefined || derivedColumnsOf('series').some(({ name }) => present.has(name))) return;
  const sql = resolvedSeriesSql(`(${stored})`, `(${standingReviewsSql(`(${stored})`)})`);
  await connection.run(`CREATE OR REPLACE VIEW series AS ${sql}`);
}

function describeTable({ name, files }: TableFiles, missing: readonly ColumnDeclaration[]): string {
  const describeNull = ({ name: column, type }: ColumnDeclaration) =>
    `NULL::${SQL_TYPES[type]} AS "${column}"`;
  if (files.length > 0) {
    // By name: parts written before a column was added lack it, and read as null there.
    const columns = ['*', ...missing.map(describeNull)].join(', ');
    return `SELECT ${columns} FROM read_parquet([${files.map(quoteText).join(', ')}], union_by_name = true)`;
  }
  return `SELECT ${columnsOf(name as TableName)
    .map(describeNull)
    .join(', ')} WHERE false`;
}

const SQL_TYPES: Record<ColumnType, string> = {
  string: 'VARCHAR',
  int32: 'INTEGER',
  int64: 'BIGINT',
  double: 'DOUBLE',
  float: 'FLOAT',
  boolean: 'BOOLEAN',
  'list<double>': 'DOUBLE[]',
  'list<float>': 'FLOAT[]',
  'list<string>': 'VARCHAR[]',
};

/** Lets one query through, and nothing that writes or sets: COPY could overwrite the very files that it may read. */
async function checkStatement(connection: DuckDBConnection, sql: string): Promise<void> {
  const refuse = (message: string, cause?: unknown): never => {
    throw new ManifestError('sql-error', message, { cause });
  };
  if (sql.replace(/--.*$|\/\*[\s\S]*?\*\//gm, '').trim() === '') refuse('There is no SQL to run.');
  let type: StatementType = StatementType.INVALID;
  let count = 0;
  try {
    const statements = await connection.extractStatements(sql);
    count = statements.count;
    if (count === 1) type = (await statements.prepare(0)).statementType;
  } catch (error) {
    refuse(messageOf(error), error);
  }
  if (count !== 1) refuse(`One statement at a time: there are ${count}.`);
  if (type !== StatementType.SELECT) {
    refuse(
      'The manifest is read only: SELECT, WITH, FROM, VALUES, DESCRIBE, SHOW and SUMMARIZE can be used.',
    );
  }
}

async function readResult(
  connection: DuckDBConnection,
  sql: string,
  values: readonly DuckDBValue[] = [],
): Promise<QueryResult> {
  try {
    const reader = await connection.runAndReadAll(sql, [...values]);
    const names = reader.deduplicatedColumnNames();
    const types = reader.columnTypes();
    const columns = names.map((name, index) => ({ name, type: String(types[index]) }));
    const rows = reader
      .getRows()
      .map((row) =>
        Object.fromEntries(row.map((value, index) => [names[index], toJsonValue(value, types[index])])),
      );
    return { columns, rows };
  } catch (error) {
    throw new ManifestError('sql-error', messageOf(error), { cause: error });
  }
}

async function exportResult(
  sources: readonly TableFiles[],
  options: ManifestOptions,
  sql: string,
  target: string,
  format: ExportFormat,
): Promise<void> {
  const temporary = path.join(
    path.dirname(target),
    `.${path.basename(target)}.tmp-${randomBytes(6).toString('hex')}`,
  );
  const database = await openDatabase(sources, options, [temporary]);
  const settings = {
    parquet: 'FORMAT parquet, COMPRESSION zstd',
    csv: 'FORMAT csv, HEADER true',
    json: 'FORMAT json, ARRAY true',
  }[format];
  try {
    const statement = sql.trim().replace(/;\s*$/, '');
    await database.connection
      .run(`COPY (\n${statement}\n) TO ${quoteText(temporary)} (${settings}, USE_TMP_FILE false)`)
      .catch((error: unknown) => {
        throw new ManifestError('sql-error', messageOf(error), { cause: error });
      });
    const handle = await fs.open(temporary, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.rename(temporary, target);
  } finally {
    await fs.rm(temporary, { force: true });
    await database.close();
  }
}

function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^Failed to extract statements: /, '');
}
