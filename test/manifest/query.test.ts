import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ManifestError } from '../../manifest/errors.ts';
import { type Manifest, openManifest } from '../../manifest/query.ts';
import { columnsOf, derivedColumnsOf, TABLE_NAMES, type TableName } from '../../manifest/schema.ts';
import { writeTable } from '../../manifest/write.ts';
import { describeWithOracle, runOracle } from '../oracles/python.ts';
import { makeInstanceRows, makeLabelRows, makeSeriesRow } from './rows.ts';

const METADATA = { pipelineDigest: 'b'.repeat(64) };
let home = '';
let run = '';
let manifest: Manifest;

beforeAll(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'manifest-query-'));
  // Quotes and glob characters in a folder's name are ordinary on a user's disk.
  run = path.join(home, "Dr. O'Neil [2024] *new?*");
  for (const table of TABLE_NAMES) fs.mkdirSync(path.join(run, 'manifest', table), { recursive: true });
  const file = (table: string, part = 'part-0') =>
    path.join(run, 'manifest', table, `${table}-${part}.parquet`);
  await writeTable(file('instances'), 'instances', makeInstanceRows(50), METADATA);
  await writeTable(file('series', 'a'), 'series', [makeSeriesRow('su1'), makeSeriesRow('su2')], METADATA);
  await writeTable(file('series', 'b'), 'series', [makeSeriesRow('su3', { body_part: 'head' })], METADATA);
  await writeTable(file('labels'), 'labels', makeLabelRows(4), METADATA);
  // What a killed writer leaves: not a table, and not looked at.
  fs.writeFileSync(path.join(run, 'manifest/series/.series-a.parquet.tmp-00'), 'half');
  manifest = await openManifest(run);
});
afterAll(async () => {
  await manifest.close();
  fs.rmSync(home, { recursive: true, force: true });
});

const namesOf = (table: TableName): string[] =>
  [...columnsOf(table), ...derivedColumnsOf(table)].map(({ name }) => name);

async function refusal(work: Promise<unknown>): Promise<ManifestError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ManifestError)) throw new Error('was not refused', { cause: error });
  return error;
}

describe('openManifest', () => {
  test('names the tables and their columns in order', () => {
    expect(manifest.tables).toEqual(TABLE_NAMES.map((name) => ({ name, columns: namesOf(name) })));
  });

  test('reads columns that came after the version which wrote the tables as null', async () => {
    const old = path.join(home, 'old');
    fs.mkdirSync(path.join(old, 'manifest/series'), { recursive: true });
    const file = path.join(old, 'manifest/series/part.parquet');
    await manifest.export('SELECT body_part, series_unit FROM series ORDER BY series_unit', file, 'parquet');
    const opened = await openManifest(old);
    try {
      const sql = 'SELECT series_unit, kvp, review_reasons FROM series ORDER BY series_unit LIMIT 1';
      const { rows, columns } = await opened.query(sql);
      expect(rows).toEqual([{ series_unit: 'su1', kvp: null, review_reasons: null }]);
      expect(columns.map(({ type }) => type)).toEqual(['VARCHAR', 'DOUBLE', 'VARCHAR[]']);
      const listed = opened.tables.find(({ name }) => name === 'series')!.columns;
      expect(listed.slice(0, 2)).toEqual(['body_part', 'series_unit']);
      expect([...listed].sort()).toEqual(namesOf('series').sort());
    } finally {
      await opened.close();
    }
  });

  test('refuses a folder that is not of a run, and a file that is not Parquet', async () => {
    const empty = fs.mkdtempSync(path.join(home, 'empty-'));
    expect((await refusal(openManifest(empty))).code).toBe('no-manifest');
    expect((await refusal(openManifest(path.join(home, 'nowhere')))).code).toBe('no-manifest');
    fs.mkdirSync(path.join(empty, 'manifest/series'), { recursive: true });
    fs.writeFileSync(path.join(empty, 'manifest/series/part.parquet'), 'PAR1 but no more');
    expect((await refusal(openManifest(empty))).code).toBe('manifest-damaged');
  });

  test('has typed tables without rows where a run has none yet, and further tables where there are', async () => {
    const young = fs.mkdtempSync(path.join(home, 'young-'));
    for (const folder of ['instances', 'notes']) {
      fs.mkdirSync(path.join(young, 'manifest', folder), { recursive: true });
    }
    await writeTable(
      path.join(young, 'manifest/instances/a.parquet'),
      'instances',
      makeInstanceRows(3),
      METADATA,
    );
    await writeTable(
      path.join(young, 'manifest/notes/a.parquet'),
      'series',
      [makeSeriesRow('su1')],
      METADATA,
    );
    const opened = await openManifest(young);
    expect(opened.tables.map(({ name }) => name)).toEqual([...TABLE_NAMES, 'notes']);
    const counts = await opened.query(
      'SELECT (SELECT count(*) FROM instances) i, (SELECT count(*) FROM series) s, (SELECT count(*) FROM notes) r',
    );
    expect(counts.rows).toEqual([{ i: 3, s: 0, r: 1 }]);
    for (const table of ['series', 'labels'] as const) {
      const [typed, real] = await Promise.all([
        opened.query(`DESCRIBE ${table}`),
        manifest.query(`DESCRIBE ${table}`),
      ]);
      expect(typed.rows).toEqual(real.rows);
    }
    await opened.close();
  });
});

describe('query', () => {
  test('reads every part of a table', async () => {
    const { columns, rows } = await manifest.query(
      'SELECT body_part, count(*) AS n FROM series GROUP BY ALL ORDER BY body_part',
    );
    expect(columns).toEqual([
      { name: 'body_part', type: 'VARCHAR' },
      { name: 'n', type: 'BIGINT' },
    ]);
    expect(rows).toEqual([
      { body_part: 'chest', n: 2 },
      { body_part: 'head', n: 1 },
    ]);
  });

  test('gives back what was written', async () => {
    const derived = derivedColumnsOf('series').map(({ name }) => name);
    const { rows } = await manifest.query(
      `SELECT * EXCLUDE (${derived.join(', ')}) FROM series WHERE series_unit = 'su1'`,
    );
    expect(rows).toEqual([makeSeriesRow('su1')]);
    const instances = await manifest.query('SELECT * FROM instances ORDER BY source_key');
    const expected = makeInstanceRows(50).sort((a, b) => (a.source_key < b.source_key ? -1 : 1));
    expect(instances.rows).toEqual(expected);
  });

  test.each([
    ['sum(n) FROM range(3) r(n)', 3],
    ['9007199254740993::BIGINT', '9007199254740993'],
    ['12345678901234567890123', '12345678901234567890123'],
    ['0.1::FLOAT', 0.1],
    ['0.1::DOUBLE', 0.1],
    ['0.25', 0.25],
    ["'nan'::DOUBLE", 'NaN'],
    ["DATE '2020-01-31'", '2020-01-31'],
    ['[0.1::FLOAT, NULL]', [0.1, null]],
    ["{'a': 0.1::FLOAT, 'b': [1::BIGINT]}", { a: 0.1, b: [1] }],
    ["MAP {'k': 1}", [{ key: 'k', value: 1 }]],
    ['NULL', null],
    ['true', true],
  ])('gives %s as JSON', async (expression, value) => {
    const { rows } = await manifest.query(
      `SELECT ${expression.includes('FROM') ? expression.replace(' FROM', ' AS v FROM') : `${expression} AS v`}`,
    );
    expect(rows).toEqual([{ v: value }]);
    expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
  });

  test('keeps both of two columns with one name', async () => {
    const { columns, rows } = await manifest.query('SELECT 1 AS a, 2 AS a');
    expect(columns).toHaveLength(2);
    expect(Object.values(rows[0] ?? {})).toEqual([1, 2]);
  });

  test.each([
    ['SELECT nonsense FROM series', /nonsense/],
    ['SELEC 1', /syntax error/],
    ['', /no SQL/],
    [' -- only a comment', /no SQL/],
    ['SELECT 1; SELECT 2', /One statement/],
    ['CREATE TABLE x (a INT)', /read only/],
    ['DROP VIEW series', /read only/],
    ['SET threads = 1', /read only|locked/],
    ["COPY (SELECT 1) TO 'stolen.csv'", /read only|disabled/],
    ["EXPLAIN ANALYZE COPY (SELECT 1) TO 'stolen.csv'", /read only|disabled/],
    ["ATTACH 'other.db'", /read only|disabled/],
    ["SELECT * FROM read_text('/etc/hostname')", /disabled/],
    ["SELECT * FROM read_csv('/etc/passwd')", /disabled/],
    ["SELECT * FROM glob('/etc/*')", /disabled/],
    ["SELECT * FROM 'https://example.org/x.parquet'", /./],
    ["SELECT * FROM read_blob(getenv('HOME') || '/.profile')", /./],
    ['SELECT error($$boom$$)', /boom/],
  ])('refuses %j', async (sql, message) => {
    const error = await refusal(manifest.query(sql));
    expect(error.code).toBe('sql-error');
    expect(error.message).toMatch(message);
  });

  test('cannot overwrite the tables that it reads', async () => {
    const file = path.join(run, 'manifest/labels/labels-part-0.parquet');
    const before = fs.readFileSync(file);
    const target = file.replaceAll("'", "''");
    for (const sql of [`COPY (SELECT 1) TO '${target}'`, `EXPLAIN ANALYZE COPY (SELECT 1) TO '${target}'`]) {
      expect((await refusal(manifest.query(sql))).code).toBe('sql-error');
      expect((await refusal(manifest.export(sql, path.join(home, 'x.csv'), 'csv'))).code).toBe('sql-error');
    }
    expect(fs.readFileSync(file).equals(before)).toBe(true);
  });

  test('spills a large sort instead of failing, and leaves nothing behind', async () => {
    const temporary = fs.mkdtempSync(path.join(home, 'tmp-'));
    vi.stubEnv('TMPDIR', temporary);
    const small = await openManifest(run, { memoryLimit: '100MB', threads: 1 });
    vi.unstubAllEnvs();
    let spilled = 0;
    const watch = setInterval(() => {
      spilled = Math.max(spilled, fs.readdirSync(temporary, { recursive: true }).length);
    }, 5);
    const { rows } = await small.query(
      `SELECT count(*) AS n, min(text) AS least FROM (
         SELECT text, row_number() OVER (ORDER BY text) AS place
         FROM (SELECT md5(n::VARCHAR) || repeat('x', 200) AS text FROM range(500000) r(n)))`,
    );
    clearInterval(watch);
    await small.close();
    expect(rows[0]?.n).toBe(500_000);
    expect(spilled).toBeGreaterThan(0);
    expect(fs.readdirSync(temporary)).toEqual([]);
  });
});

describe('export', () => {
  test('writes CSV and JSON whole, under the final name alone', async () => {
    const csv = path.join(home, "it's.csv");
    await manifest.export(
      "SELECT series_unit, review_reasons FROM series WHERE series_unit = 'su1'; ",
      csv,
      'csv',
    );
    expect(fs.readFileSync(csv, 'utf8')).toBe(
      'series_unit,review_reasons\nsu1,"[contrast-score-low, Ü🫀]"\n',
    );
    const json = path.join(home, 'x.json');
    await manifest.export('SELECT series_unit AS s FROM series ORDER BY s -- done', json, 'json');
    expect(JSON.parse(fs.readFileSync(json, 'utf8'))).toEqual([{ s: 'su1' }, { s: 'su2' }, { s: 'su3' }]);
    expect(fs.readdirSync(home).filter((name) => name.includes('.tmp-'))).toEqual([]);
  });

  test('leaves the old file when the SQL fails on the way', async () => {
    const target = path.join(home, 'kept.csv');
    fs.writeFileSync(target, 'old');
    const sql = "SELECT CASE WHEN n = 99999 THEN error('late') END FROM range(100000) r(n)";
    expect((await refusal(manifest.export(sql, target, 'csv'))).message).toMatch(/late/);
    expect(fs.readFileSync(target, 'utf8')).toBe('old');
    expect(fs.readdirSync(home).filter((name) => name.includes('.tmp-'))).toEqual([]);
  });
});

describeWithOracle('an exported Parquet file', () => {
  test('holds the selected rows for pyarrow, DuckDB and Polars', async () => {
    const target = path.join(home, 'cohort.parquet');
    await manifest.export(
      "SELECT * FROM series WHERE body_part = 'chest' ORDER BY series_unit",
      target,
      'parquet',
    );
    const read = runOracle('read_parquet.py', [target]) as Record<
      'pyarrow' | 'duckdb' | 'polars',
      { series_unit: string }[]
    >;
    for (const engine of ['pyarrow', 'duckdb', 'polars'] as const) {
      expect(read[engine].map(({ series_unit }) => series_unit)).toEqual(['su1', 'su2']);
    }
  });
});

test('a process that opened a manifest ends by itself', () => {
  const script = path.join(home, 'ends.mjs');
  const module = path.resolve(import.meta.dirname, '../../dist/manifest/query.js');
  fs.writeFileSync(
    script,
    `import { openManifest } from ${JSON.stringify(module)};
     const manifest = await openManifest(${JSON.stringify(run)});
     console.log(JSON.stringify((await manifest.query('SELECT count(*) AS n FROM labels')).rows));`,
  );
  expect(execFileSync(process.execPath, [script], { encoding: 'utf8', timeout: 30_000 })).toBe(
    '[{"n":12}]\n',
  );
});
