// Writing the manifest's largest table, and asking it.
import fs from 'node:fs';
import path from 'node:path';
import { writeTable } from '../../dist/manifest/write.js';
import { loadTypeScript } from '../../scripts/load-typescript.mjs';
import { agreeOn, node, python } from '../harness/participants.mjs';
import { peerEnvironment } from '../harness/peers.mjs';

const ROWS_PER_BATCH = 500;
const STAGE = 'manifest';

/** Figures that two tables have in common when they hold the same. */
const CONTENTS_SQL =
  'SELECT count(*)::VARCHAR, sum(source_bytes)::BIGINT::VARCHAR, count(DISTINCT sop_instance_uid)::VARCHAR, ' +
  'sum(len(image_position_patient))::BIGINT::VARCHAR, round(sum(image_position_patient[3]))::BIGINT::VARCHAR, ' +
  "md5(string_agg(source_key || output_path, '' ORDER BY source_key)) FROM instances";

export async function manifestRows({ work, isLong }) {
  const count = isLong ? 500_000 : 50_000;
  const { makeBatchRows } = await loadTypeScript('bench-manifest', [
    "export * from './test/fixtures/scale/synthetic-rows.ts';",
  ]);
  const rows = Array.from(
    { length: count / ROWS_PER_BATCH },
    (_, batch) => makeBatchRows(`bench-${batch}`, ROWS_PER_BATCH).instances,
  ).flat();
  const rowsFile = path.join(work, 'instances.jsonl');
  fs.writeFileSync(rowsFile, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const output = path.join(work, 'manifest-output');
  const folder = path.join(output, 'manifest/instances');
  fs.mkdirSync(folder, { recursive: true });
  const schemaFile = path.join(folder, 'part-0.parquet');
  await writeTable(schemaFile, 'instances', rows, { pipelineDigest: '0'.repeat(64) });

  const args = { rowsFile, schemaFile, contentsSql: CONTENTS_SQL };
  const seriesUnit = rows[count >> 1].series_unit;
  const queryArgs = {
    output,
    queries: [
      'SELECT disposition, count(*) FROM instances GROUP BY disposition',
      `SELECT source_key, slice_index FROM instances WHERE series_unit = '${seriesUnit}' ORDER BY slice_index`,
      'SELECT slice_index, count(*) FROM instances WHERE slice_position_mm > 5 GROUP BY slice_index ORDER BY slice_index',
    ],
  };
  // Polars has no other way to be told.
  const env = { ...peerEnvironment(), POLARS_MAX_THREADS: '1' };
  const peer = (name, tool, toolArgs, note) => ({
    ...{ name, role: 'peer' },
    ...(note === undefined ? {} : { note }),
    start: python('manifest.py', tool, toolArgs, { env }),
  });
  return [
    {
      stage: STAGE,
      work: `${count} rows of \`instances\` in memory to sorted Parquet (zstd), one thread`,
      tools: [
        {
          ...{ name: 'serieswise', role: 'ours', start: node('manifest.mjs', 'serieswise', args) },
          note: 'checks every value and the order of keys, SHA-256 of the file, fsync, rename',
        },
        peer('pyarrow', 'pyarrow', args, 'from a list of dictionaries'),
        peer('Polars', 'polars', args, 'from a list of dictionaries'),
        peer('DuckDB', 'duckdb', args, 'from a file of JSON lines'),
        {
          ...peer(
            'pyarrow, from columns',
            'arrow columns',
            args,
            'rows are columns of Arrow, sorted, before',
          ),
          role: 'limit',
        },
      ],
      check: agreeOn('contents'),
      why:
        'the writer is JavaScript (hyparquet-writer), with zstd as WebAssembly, and looks at every value on its own. ' +
        'It is a small part of a run: see the whole pipeline.',
    },
    {
      stage: STAGE,
      work: `three questions to ${count} rows of \`instances\`, opened anew, one thread`,
      tools: [
        {
          ...{ name: 'serieswise', role: 'ours', start: node('manifest.mjs', 'serieswiseQuery', queryArgs) },
          note: 'DuckDB, shut off from other files; knows every table of the schema',
        },
        peer('DuckDB in Python', 'duckdb query', queryArgs),
        peer('Polars SQL', 'polars query', queryArgs),
      ],
      check: agreeOn('answers'),
      why:
        'opening: `query` reads the schema of every table there may be, makes their views with derived columns, and ' +
        'checks that a statement only reads.',
    },
  ];
}
