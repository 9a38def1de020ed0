/**
 * The manifest's tables, declared once: row types, Parquet schemas, sort keys and docs/manifest.md come from here.
 * Columns are public: add at the end of a table, never rename, never reorder.
 */

import { INSTANCES_TABLE } from './instances-table.ts';
import { LABELS_TABLE } from './labels-table.ts';
import { RETRIEVALS_TABLE } from './retrieval-table.ts';
import { REVIEWS_TABLE } from './review-tables.ts';
import { SERIES_TABLE } from './series-table.ts';

/** Version of the tables as a whole; carried by every file as `serieswise.schema_version`. */
export const MANIFEST_SCHEMA_VERSION = '1';

/** Parquet types that the tables use. `int64` is a JavaScript number below 2^53 in rows and INT64 in the file. */
export type ColumnType =
  | 'string'
  | 'int32'
  | 'int64'
  | 'double'
  | 'float'
  | 'boolean'
  | 'list<double>'
  | 'list<float>'
  | 'list<string>';

/** One column of a table. */
export interface ColumnDeclaration {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  /** The closed set of values of a string column (or of a list's elements), where there is one. */
  readonly values?: readonly string[];
  /** What the column means, with its unit. */
  readonly doc: string;
}

interface TableDeclaration {
  readonly doc: string;
  /** Columns by which rows are sorted and unique. */
  readonly key: readonly string[];
  readonly columns: readonly ColumnDeclaration[];
  /** Columns that no file holds: SQL over the tables has them after the others. */
  readonly derived?: readonly ColumnDeclaration[];
}

export const MANIFEST_TABLES = {
  instances: INSTANCES_TABLE,
  series: SERIES_TABLE,
  labels: LABELS_TABLE,
  reviews: REVIEWS_TABLE,
  retrievals: RETRIEVALS_TABLE,
} as const satisfies Record<string, TableDeclaration>;
