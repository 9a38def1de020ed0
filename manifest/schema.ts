/** What follows from the declaration of the tables: row types, keys and Parquet schemas. */
import type { SchemaElement } from 'hyparquet';
import { type ColumnDeclaration, type ColumnType, MANIFEST_TABLES } from './tables.ts';

export {
  type ColumnDeclaration,
  type ColumnType,
  MANIFEST_SCHEMA_VERSION,
  MANIFEST_TABLES,
} from './tables.ts';

export type TableName = keyof typeof MANIFEST_TABLES;

/** The tables in the order in which documents list them. */
export const TABLE_NAMES = Object.keys(MANIFEST_TABLES) as TableName[];

interface ColumnValues {
  string: string;
  int32: number;
  int64: number;
  double: number;
  float: number;
  boolean: boolean;
  'list<double>': readonly number[];
  'list<float>': readonly number[];
  'list<string>': readonly string[];
}

type ValueOf<Column extends ColumnDeclaration> =
  | (Column extends { type: 'string'; values: readonly (infer Value)[] }
      ? Value
      : ColumnValues[Column['type']])
  | (Column['nullable'] extends true ? null : never);

/** A row of `Table`: every column by its name, null only where the declaration allows it. */
export type RowOf<Table extends TableName> = {
  [Column in (typeof MANIFEST_TABLES)[Table]['columns'][number] as Column['name']]: ValueOf<Column>;
};

/** A row as SQL over `Table` gives it: the stored columns, and those computed on reading. */
export type ReadRowOf<Table extends TableName> = RowOf<Table> &
  ((typeof MANIFEST_TABLES)[Table] extends { derived: readonly (infer Column extends ColumnDeclaration)[] }
    ? { [Each in Column as Each['name']]: ValueOf<Each> }
    : unknown);

export type InstanceRow = RowOf<'instances'>;
export type SeriesRow = RowOf<'series'>;
export type LabelRow = RowOf<'labels'>;
export type ReviewRow = RowOf<'reviews'>;
export type RetrievalRow = RowOf<'retrievals'>;

/** The columns of a table without their literal types. */
export function columnsOf(table: TableName): readonly ColumnDeclaration[] {
  return MANIFEST_TABLES[table].columns;
}

/** The columns that SQL over a table has after the stored ones, computed on reading. */
export function derivedColumnsOf(table: TableName): readonly ColumnDeclaration[] {
  const declaration = MANIFEST_TABLES[table];
  return 'derived' in declaration ? declaration.derived : [];
}

/** The columns by which a table is sorted and unique. */
export function keyColumnsOf(table: TableName): readonly string[] {
  return MANIFEST_TABLES[table].key;
}

/** The value by which rows of a table are sorted: key columns joined by NUL, which no key holds. */
export function keyOfRow<Table extends TableName>(table: Table, row: RowOf<Table>): string {
  return keyColumnsOf(table)
    .map((column) => row[column as keyof RowOf<Table>])
    .join('\0');
}

const PHYSICAL = {
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  int32: { type: 'INT32' },
  int64: { type: 'INT64' },
  double: { type: 'DOUBLE' },
  float: { type: 'FLOAT' },
  boolean: { type: 'BOOLEAN' },
} as const satisfies Record<string, Partial<SchemaElement>>;

/** The element type of a list column, or null for a column of single values. */
export function listElementOf(type: ColumnType): keyof typeof PHYSICAL | null {
  const match = /^list<(.+)>$/.exec(type);
  return match === null ? null : (match[1] as keyof typeof PHYSICAL);
}

/**
 * The Parquet schema of a table, depth first. Lists have the three levels of the format's LogicalTypes.md, with
 * optional elements as other writers have them, so that Arrow reads plain `list<double>`.
 */
export function parquetSchemaOf(table: TableName): SchemaElement[] {
  const columns = columnsOf(table);
  const elements: SchemaElement[] = [{ name: 'serieswise', num_children: columns.length }];
  for (const { name, type, nullable } of columns) {
    const repetition_type = nullable ? 'OPTIONAL' : 'REQUIRED';
    const element = listElementOf(type);
    if (element === null) {
      elements.push({ name, ...PHYSICAL[type as keyof typeof PHYSICAL], repetition_type });
    } else {
      elements.push(
        { name, repetition_type, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', ...PHYSICAL[element], repetition_type: 'OPTIONAL' },
      );
    }
  }
  return elements;
}
