// Rows in memory to a Parquet table, and questions to it.
import fs from 'node:fs';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { openManifest } from '../../dist/manifest/query.js';
import { writeTable } from '../../dist/manifest/write.js';
import { serveRounds } from '../harness/serve-rounds.mjs';

async function askFile(file, sql) {
  const connection = await (await DuckDBInstance.create()).connect();
  try {
    return (
      await connection.runAndReadAll(sql.replace('instances', `read_parquet('${file}')`))
    ).getRowsJson()[0];
  } finally {
    connection.closeSync();
  }
}

async function serieswise({ rowsFile, contentsSql }) {
  const rows = fs
    .readFileSync(rowsFile, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const work = async ({ target, check }) => {
    const file = path.join(target, 'instances.parquet');
    await writeTable(file, 'instances', rows, { pipelineDigest: '0'.repeat(64) });
    return check ? { contents: await askFile(file, contentsSql) } : {};
  };
  return { work };
}

async function serieswiseQuery({ output, queries }) {
  const work = async () => {
    const manifest = await openManifest(output, { threads: 1 });
    const answers = [];
    for (const sql of queries) answers.push((await manifest.query(sql)).rows.map(Object.values));
    await manifest.close();
    return { answers };
  };
  return { work };
}

await serveRounds({ serieswise, serieswiseQuery });
