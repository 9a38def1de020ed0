/** The manifest of a cohort: rows of the run's tables, and `files`. */
import fs from 'node:fs';
import path from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { writeFileAtomic } from '../activities/store/atomic.ts';
import type { Manifest } from '../manifest/query.ts';
import type { UnitProblem } from './cohort-error.ts';
import { FILES_COLUMNS } from './files-table.ts';
import { unitsSql } from './select-cohort.ts';

/** A row of {@link FILES_COLUMNS}. */
export interface FileRow {
  series_unit: string;
  patient_id: string;
  split: string | null;
  path: string | null;
  bytes: bigint | null;
  sha256: string | null;
  problem: UnitProblem | null;
}

const KEYS = { instances: 'source_key', series: 'series_unit', labels: 'series_unit, task' };

/** Where a table of a cohort lies, relative to its folder. */
export const tablePathOf = (table: string) => `manifest/${table}/part-000000.parquet`;

export async function writeCohortManifest(
  target: string,
  manifest: Manifest,
  condition: string,
  rows: readonly FileRow[],
): Promise<void> {
  for (const table of [...Object.keys(KEYS), 'files'])
    fs.mkdirSync(path.dirname(path.join(target, tablePathOf(table))), { recursive: true });
  for (const [table, key] of Object.entries(KEYS)) {
    await manifest.export(
      `SELECT * FROM ${table} WHERE series_unit IN (${unitsSql(condition)}) ORDER BY ${key}`,
      path.join(target, tablePathOf(table)),
      'parquet',
    );
  }
  const columnData = FILES_COLUMNS.map(({ name, type }) => ({
    name,
    type,
    data: rows.map((row) => row[name]),
    nullable: true,
  }));
  writeFileAtomic(
    path.join(target, tablePathOf('files')),
    new Uint8Array(parquetWriteBuffer({ columnData })),
  );
}
