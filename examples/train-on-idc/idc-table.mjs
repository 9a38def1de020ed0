// The table of series that the PyPI package idc-index-data (MIT) ships: found, or installed once into .cache. It is
// 74 MB and never committed.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { root, TABLE_VERSION } from './settings.mjs';

/** Where the table lies once installed; SERIESWISE_IDC_TABLE names another one. */
function tablePath() {
  return (
    process.env.SERIESWISE_IDC_TABLE ??
    path.join(root, '.cache', `idc-index-data-${TABLE_VERSION}`, 'idc_index_data/idc_index.parquet')
  );
}

/** The table's path, installing it where it is missing; null where that is not possible. */
export function provideTable() {
  const file = tablePath();
  if (fs.existsSync(file)) return file;
  if (process.env.SERIESWISE_IDC_TABLE !== undefined) return null;
  const folder = path.dirname(path.dirname(file));
  const beside = `${folder}.part-${process.pid}`;
  const args = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
    '--retries',
    '1',
  ];
  console.error(`Installing idc-index-data ${TABLE_VERSION} (once, 80 MB) …`);
  const pip = spawnSync('python3', [...args, '--target', beside, `idc-index-data==${TABLE_VERSION}`], {
    encoding: 'utf8',
  });
  if (pip.status === 0 && !fs.existsSync(folder)) fs.renameSync(beside, folder);
  fs.rmSync(beside, { recursive: true, force: true });
  return fs.existsSync(file) ? file : null;
}

/** A DuckDB connection that takes little: one thread, bounded memory, closed by `close`. */
export async function openDatabase() {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '2GB' });
  const connection = await instance.connect();
  return {
    connection,
    /** Rows of a query as objects; 64-bit integers as numbers. */
    async rows(sql) {
      const reader = await connection.runAndReadAll(sql);
      return reader.getRowObjectsJson();
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** A string as an SQL literal. */
export const literal = (value) => `'${String(value).replaceAll("'", "''")}'`;
