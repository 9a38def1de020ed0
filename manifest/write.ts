/** Writes manifest tables as Parquet: sorted, checked, deterministic bytes, never half a file under its name. */
import { ManifestError } from './errors.ts';
import { createParquetFile, type WrittenFile } from './parquet-file.ts';
import {
  type ColumnDeclaration,
  type ColumnType,
  columnsOf,
  keyOfRow,
  listElementOf,
  MANIFEST_SCHEMA_VERSION,
  parquetSchemaOf,
  type RowOf,
  type TableName,
} from './schema.ts';

/** Rows of a row group: small enough to encode in little memory, large enough for DuckDB to scan in parallel. */
const ROWS_PER_GROUP = 65_536;

/** What every file says of itself in its key-value metadata. */
export interface TableMetadata {
  /** SHA-256 of the resolved pipeline. */
  pipelineDigest: string;
}

/** A finished file. */
export interface WrittenTable extends WrittenFile {
  rows: number;
}

/** Writes one table piece by piece, for tables that need not fit in memory. */
export interface TableWriter<Table extends TableName> {
  /** Rows must ascend by key within and across calls. @throws ManifestError row-invalid, duplicate-key, rows-unordered */
  append(rows: readonly RowOf<Table>[]): Promise<void>;
  /** Completes, flushes and renames the file. */
  finish(): Promise<WrittenTable>;
  /** Gives up and removes what was written. Does nothing after `finish`. */
  abort(): Promise<void>;
}

/**
 * Opens a streaming writer for one table at `target`. The folder must exist.
 * The same rows and metadata give the same bytes, whatever pieces they came in.
 */
export async function createTableWriter<Table extends TableName>(
  target: string,
  table: Table,
  metadata: TableMetadata,
): Promise<TableWriter<Table>> {
  const columns = columnsOf(table);
  const converters = columns.map((column) => converterOf(table, column));
  const file = await createParquetFile(target, parquetSchemaOf(table), {
    'serieswise.schema_version': MANIFEST_SCHEMA_VERSION,
    'serieswise.table': table,
    'serieswise.pipeline_digest': metadata.pipelineDigest,
  });

  let pending: RowOf<Table>[] = [];
  let lastKey: string | null = null;
  let count = 0;

  async function writeGroup(rows: readonly RowOf<Table>[]): Promise<void> {
    const columnData = columns.map(({ name }, index) => {
      const convert = converters[index]!;
      return { name, data: rows.map((row) => convert(row[name as keyof RowOf<Table>])) };
    });
    await file.write(columnData, ROWS_PER_GROUP);
  }

  return {
    async append(rows) {
      for (const row of rows) {
        const key = keyOfRow(table, row);
        if (lastKey !== null && key <= lastKey) {
          throw key === lastKey
            ? new ManifestError('duplicate-key', `Table ${table} has two rows for ${describeKey(key)}.`)
            : new ManifestError('rows-unordered', `Rows of table ${table} do not ascend by key.`);
        }
        checkColumns(table, columns, row);
        lastKey = key;
        pending.push(row);
        if (pending.length === ROWS_PER_GROUP) {
          const group = pending;
          pending = [];
          await writeGroup(group);
        }
        count++;
      }
    },
    async finish() {
      if (pending.length > 0) await writeGroup(pending);
      return { ...(await file.finish()), rows: count };
    },
    abort: () => file.abort(),
  };
}

/**
 * Writes a whole table at `target`, sorted by its key. An empty table gives a valid file with the schema and no row.
 * @throws ManifestError `row-invalid`, `duplicate-key`; errors of the file system as they are
 */
export async function writeTable<Table extends TableName>(
  target: string,
  table: Table,
  rows: readonly RowOf<Table>[],
  metadata: TableMetadata,
): Promise<WrittenTable> {
  const keyed = rows.map((row) => ({ key: keyOfRow(table, row), row }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const writer = await createTableWriter(target, table, metadata);
  try {
    await writer.append(keyed.map(({ row }) => row));
    return await writer.finish();
  } finally {
    await writer.abort();
  }
}

function describeKey(key: string): string {
  return key.split('\0').join(', ');
}

function checkColumns(table: TableName, columns: readonly ColumnDeclaration[], row: object): void {
  if (Object.keys(row).length === columns.length) return;
  const known = new Set(columns.map(({ name }) => name));
  const unknown = Object.keys(row).filter((name) => !known.has(name));
  const missing = columns.map(({ name }) => name).filter((name) => !Object.hasOwn(row, name));
  throw new ManifestError(
    'row-invalid',
    `A row of table ${table} has ${[
      ...missing.map((name) => `no column ${name}`),
      ...unknown.map((name) => `an unknown column ${name}`),
    ].join(', ')}.`,
  );
}

/** Checks values of a column against its declaration and gives them the type that the Parquet writer takes. */
function converterOf(table: TableName, column: ColumnDeclaration): (value: unknown) => unknown {
  const { name, type, values, nullable } = column;
  const element = listElementOf(type);
  const refuse = (what: string): never => {
    throw new ManifestError('row-invalid', `Column ${name} of table ${table} ${what}.`);
  };
  return (value) => {
    if (value === undefined) refuse('is missing from a row');
    if (value === null) return nullable ? null : refuse('may not be null');
    if (element === null) return toParquetScalar(type, values, value, refuse);
    if (!Array.isArray(value)) return refuse('takes a list');
    return value.map((item) => toParquetScalar(element, values, item, refuse));
  };
}

function toParquetScalar(
  type: ColumnType,
  values: readonly string[] | undefined,
  value: unknown,
  refuse: (what: string) => never,
): unknown {
  switch (type) {
    case 'string':
      if (typeof value !== 'string') return refuse('takes text');
      if (values !== undefined && !values.includes(value)) return refuse(`takes ${values.join(', ')}`);
      return value;
    case 'boolean':
      return typeof value === 'boolean' ? value : refuse('takes true or false');
    case 'int32':
      return typeof value === 'number' && (value | 0) === value ? value : refuse('takes a 32-bit integer');
    case 'int64':
      return Number.isSafeInteger(value) ? BigInt(value as number) : refuse('takes an integer below 2^53');
    default:
      // A NaN would poison statistics and comparisons; stages say null where there is no number.
      if (typeof value !== 'number' || !Number.isFinite(value)) return refuse('takes a finite number');
      // Rounded here, so that the file's statistics are of the values that it holds.
      // Adding 0 turns -0 into 0: dictionaries cannot tell them apart and would give one for the other.
      return (type === 'float' ? Math.fround(value) : value) + 0;
  }
}
