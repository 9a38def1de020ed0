import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { decompress } from '@bokuweb/zstd-wasm';
import { build } from 'esbuild';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ManifestError } from '../../manifest/errors.ts';
import {
  columnsOf,
  type InstanceRow,
  keyColumnsOf,
  keyOfRow,
  MANIFEST_TABLES,
  TABLE_NAMES,
} from '../../manifest/schema.ts';
import { createTableWriter, writeTable } from '../../manifest/write.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import { describeWithOracle, runOracle } from '../oracles/python.ts';
import {
  makeInstanceRows,
  makeLabelRows,
  makeRandom,
  makeRetrievalRow,
  makeReviewRow,
  makeSeriesRow,
} from './rows.ts';

const METADATA = { pipelineDigest: 'a'.repeat(64) };
let folder = '';
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'manifest-write-'));
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

function shuffled<Value>(values: readonly Value[], seed: number): Value[] {
  const random = makeRandom(seed);
  return values
    .map((value) => ({ value, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ value }) => value);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ManifestError) return error.code;
    throw error;
  }
  return 'no error';
}

interface OracleReading {
  pyarrow: Record<string, unknown>[];
  duckdb: Record<string, unknown>[];
  polars: Record<string, unknown>[];
  metadata: Record<string, string>;
  types: Record<string, string>;
  nullable: Record<string, boolean>;
  duckdb_types: Record<string, string>;
  row_groups: number[];
  codec: string | null;
  first_min: string | null;
  first_max: string | null;
  created_by: string;
}

const ARROW_TYPES: Record<string, string> = {
  string: 'string',
  int32: 'int32',
  int64: 'int64',
  double: 'double',
  float: 'float',
  boolean: 'bool',
  'list<double>': 'list<element: double>',
  'list<float>': 'list<element: float>',
  'list<string>': 'list<element: string>',
};

describeWithOracle('tables in pyarrow, DuckDB and Polars', () => {
  const tables = {
    instances: makeInstanceRows(400),
    series: [
      makeSeriesRow('su2'),
      makeSeriesRow('su1', { review_reasons: [], pixel_spacing_mm: null, body_part_score: null, rows: null }),
      makeSeriesRow('su3', { body_part_score: 1 / 3, needs_review: null, slice_spacing_regular: false }),
    ],
    labels: makeLabelRows(50),
    reviews: [
      makeReviewRow({ sequence: 1, action: 'undo', undoes: 'r1-00000000', body_part: null }),
      makeReviewRow({ tensor_sha256: null, bundle: null, reading_ms: null }),
    ],
    retrievals: [
      makeRetrievalRow(),
      makeRetrievalRow({ level: 'study', series_instance_uid: null, modality: null }),
      makeRetrievalRow({
        request: 'f'.repeat(32),
        study_instance_uid: null,
        series_instance_uid: null,
        outcome: 'missing',
        reason: 'not-found',
        expected_count: null,
        announced_count: null,
      }),
    ],
  };

  test.each(TABLE_NAMES)('every value of %s is read back by all three', async (table) => {
    const target = path.join(folder, `oracle-${table}.parquet`);
    await writeTable(target, table, tables[table] as never, METADATA);
    const read = runOracle('read_parquet.py', [target]) as OracleReading;

    const floats = columnsOf(table).filter(({ type }) => type === 'float');
    const expected = [...tables[table]]
      .sort((a, b) => (keyOfRow(table, a as never) < keyOfRow(table, b as never) ? -1 : 1))
      .map((row): Record<string, unknown> => {
        const copy: Record<string, unknown> = { ...row };
        for (const { name } of floats) {
          if (copy[name] !== null) copy[name] = Math.fround(copy[name] as number);
        }
        return copy;
      });
    for (const engine of ['pyarrow', 'duckdb', 'polars'] as const) {
      expect(read[engine], engine).toEqual(expected);
    }
    expect(read.metadata).toEqual({
      'serieswise.schema_version': '1',
      'serieswise.table': table,
      'serieswise.pipeline_digest': METADATA.pipelineDigest,
    });
    expect(read.types).toEqual(
      Object.fromEntries(columnsOf(table).map(({ name, type }) => [name, ARROW_TYPES[type]])),
    );
    expect(read.nullable).toEqual(
      Object.fromEntries(columnsOf(table).map(({ name, nullable }) => [name, nullable])),
    );
    expect(Object.keys(read.types)).toEqual(columnsOf(table).map(({ name }) => name));
    expect(read.codec).toBe('ZSTD');
    // Whole keys, not the sixteen bytes that writers cut statistics to.
    const keys = expected.map((row) => String(row[keyColumnsOf(table)[0] ?? '']));
    expect([read.first_min, read.first_max]).toEqual([keys[0], keys.at(-1)]);
  });

  test.each(TABLE_NAMES)('an empty %s has its schema and no row', async (table) => {
    const target = path.join(folder, `empty-${table}.parquet`);
    const written = await writeTable(target, table, [], METADATA);
    const read = runOracle('read_parquet.py', [target]) as OracleReading;
    expect(written.rows).toBe(0);
    expect([read.pyarrow, read.duckdb, read.polars]).toEqual([[], [], []]);
    expect(Object.keys(read.duckdb_types)).toEqual(columnsOf(table).map(({ name }) => name));
    expect(read.metadata['serieswise.table']).toBe(table);
  });
});

describe('writeTable', () => {
  test('gives the same bytes for the same rows in any order and in any pieces', async () => {
    const rows = makeInstanceRows(3_000);
    const first = path.join(folder, 'order-a.parquet');
    const second = path.join(folder, 'order-b.parquet');
    const third = path.join(folder, 'order-c.parquet');
    const written = await writeTable(first, 'instances', rows, METADATA);
    await writeTable(second, 'instances', shuffled(rows, 9), METADATA);
    const sorted = [...rows].sort((a, b) => (a.source_key < b.source_key ? -1 : 1));
    const writer = await createTableWriter(third, 'instances', METADATA);
    for (let start = 0; start < sorted.length; start += 7)
      await writer.append(sorted.slice(start, start + 7));
    await writer.finish();
    const bytes = fs.readFileSync(first);
    expect(fs.readFileSync(second).equals(bytes)).toBe(true);
    expect(fs.readFileSync(third).equals(bytes)).toBe(true);
    expect(written).toEqual({
      sha256: createHash('sha256').update(bytes).digest('hex'),
      bytes: bytes.length,
      rows: 3_000,
    });
    expect(fs.readdirSync(folder).filter((name) => name.startsWith('.order'))).toEqual([]);
  });

  test('splits into row groups of a fixed size', async () => {
    const target = path.join(folder, 'groups.parquet');
    const rows = Array.from({ length: 65_537 }, (_, index): InstanceRow => {
      const row = Object.fromEntries(columnsOf('instances').map(({ name }) => [name, null]));
      return {
        ...(row as unknown as InstanceRow),
        source_key: index.toString(16).padStart(32, '0'),
        source_bytes: index,
        disposition: 'kept',
      };
    });
    await writeTable(target, 'instances', rows, METADATA);
    const file = await asyncBufferFromFile(target);
    const metadata = await parquetMetadataAsync(file);
    expect(metadata.row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([65_536, 1]);
  });

  test('refuses two rows with one key and leaves no file', async () => {
    const target = path.join(folder, 'duplicate.parquet');
    const [row] = makeInstanceRows(1) as [InstanceRow];
    expect(await codeOf(writeTable(target, 'instances', [row, { ...row }], METADATA))).toBe('duplicate-key');
    const labels = makeLabelRows(2);
    expect(await codeOf(writeTable(target, 'labels', [...labels, ...labels.slice(3, 4)], METADATA))).toBe(
      'duplicate-key',
    );
    expect(fs.readdirSync(folder).filter((name) => name.includes('duplicate'))).toEqual([]);
  });

  test('refuses rows that descend in a streaming writer', async () => {
    const writer = await createTableWriter(path.join(folder, 'descend.parquet'), 'series', METADATA);
    await writer.append([makeSeriesRow('su5')]);
    expect(await codeOf(writer.append([makeSeriesRow('su4')]))).toBe('rows-unordered');
    await writer.abort();
    expect(fs.readdirSync(folder).filter((name) => name.includes('descend'))).toEqual([]);
  });

  test.each([
    ['a null where none may be', { patient_id: null }],
    ['a number as text', { kvp: '120' }],
    ['NaN', { kvp: Number.NaN }],
    ['an infinite list element', { pixel_spacing_mm: [1, Number.POSITIVE_INFINITY] }],
    ['a null list element', { pixel_spacing_mm: [1, null] }],
    ['a fraction as an integer', { rows: 1.5 }],
    ['an integer beyond 32 bits', { rows: 2 ** 31 }],
    ['a value outside a closed set', { axis: 'oblique' }],
    ['an unknown column', { series_description: 'x' }],
    ['a missing column', { bundle: undefined }],
  ])('refuses %s', async (_name, fields) => {
    const target = path.join(folder, 'refused.parquet');
    const row = makeSeriesRow('su1', fields as never);
    expect(await codeOf(writeTable(target, 'series', [row], METADATA))).toBe('row-invalid');
    expect(fs.readdirSync(folder).filter((name) => name.includes('refused'))).toEqual([]);
  });

  test('never says the value in an error', async () => {
    const target = path.join(folder, 'silent.parquet');
    const row = makeSeriesRow('su1', { axis: 'ZZTEST^CANARY' } as never);
    await expect(writeTable(target, 'series', [row], METADATA)).rejects.toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('ZZTEST') }),
    );
  });
});

test('writes zero for minus zero', async () => {
  const target = path.join(folder, 'zero.parquet');
  await writeTable(
    target,
    'series',
    [makeSeriesRow('su1', { kvp: -0, pixel_spacing_mm: [-0, 1] })],
    METADATA,
  );
  const [row] = await parquetReadObjects({
    file: await asyncBufferFromFile(target),
    compressors: { ZSTD: (input) => decompress(input) },
  });
  expect(Object.is(row?.kvp, 0)).toBe(true);
  expect(Object.is((row?.pixel_spacing_mm as number[] | undefined)?.[0], 0)).toBe(true);
});

describe('a writer that is killed', () => {
  test('leaves whole files alone under the final name, and the next writer tidies up', async () => {
    const home = path.join(folder, 'killed');
    fs.mkdirSync(home);
    const script = path.join(home, 'writer.mjs');
    await build({
      stdin: {
        contents: `
          import { writeTable } from './manifest/write.ts';
          import { makeInstanceRows } from './test/manifest/rows.ts';
          const rows = makeInstanceRows(20000);
          process.stdout.write('ready');
          for (;;) await writeTable(process.argv[2], 'instances', rows, { pipelineDigest: 'k' });`,
        resolveDir: repositoryRoot,
        loader: 'ts',
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      external: ['@bokuweb/zstd-wasm'],
      outfile: path.join(repositoryRoot, '.cache', `writer-${process.pid}.mjs`),
    });
    fs.renameSync(path.join(repositoryRoot, '.cache', `writer-${process.pid}.mjs`), script);
    fs.symlinkSync(path.join(repositoryRoot, 'node_modules'), path.join(home, 'node_modules'));
    const table = path.join(home, 'instances.parquet');
    const digests = new Set<string>();
    let leftovers = 0;
    for (let kill = 0; kill < 6; kill++) {
      const child = spawn(process.execPath, [script, table], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      await new Promise((resolve) => setTimeout(resolve, 60 + 130 * kill));
      child.kill('SIGKILL');
      await once(child, 'exit');
      leftovers += fs.readdirSync(home).filter((name) => name.startsWith('.instances.parquet.tmp-')).length;
      if (fs.existsSync(table))
        digests.add(createHash('sha256').update(fs.readFileSync(table)).digest('hex'));
    }
    const written = await writeTable(table, 'instances', makeInstanceRows(20_000), { pipelineDigest: 'k' });
    digests.add(written.sha256);
    expect(digests.size).toBe(1);
    expect(leftovers).toBeGreaterThan(0);
    expect(fs.readdirSync(home).filter((name) => name.includes('.tmp-'))).toEqual([]);
  });
});

describe('docs/manifest.md', () => {
  test('is what the schema says', () => {
    const page = fs.readFileSync(path.join(repositoryRoot, 'docs/manifest.md'), 'utf8');
    for (const table of TABLE_NAMES) {
      expect(page).toContain(MANIFEST_TABLES[table].doc);
      for (const { name, doc } of columnsOf(table)) {
        expect(page).toContain(`| \`${name}\``);
        expect(page).toContain(doc.replaceAll('|', '\\|'));
      }
    }
  });
});
