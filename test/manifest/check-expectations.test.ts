import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkExpectations, findQueryProblems } from '../../manifest/check-expectations.ts';
import { type Manifest, openManifest } from '../../manifest/query.ts';
import { writeTable } from '../../manifest/write.ts';
import { type Expectation, expectSchema } from '../../pipelines/expect-schema.ts';
import { makeSeriesRow } from './rows.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-expect-'));
let manifest: Manifest;

beforeAll(async () => {
  fs.mkdirSync(path.join(folder, 'manifest/series'), { recursive: true });
  const rows = ['su1', 'su2', 'su3'].map((unit) => makeSeriesRow(unit));
  await writeTable(path.join(folder, 'manifest/series/series-0.parquet'), 'series', rows, {
    pipelineDigest: 'b'.repeat(64),
  });
  manifest = await openManifest(folder);
});
afterAll(async () => {
  await manifest.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

const expectations = (...all: Partial<Expectation>[]): Expectation[] =>
  expectSchema.parse(all.map((each, index) => ({ name: `e${index}`, ...each })));

describe('checkExpectations', () => {
  it.each([
    [{ at_least: 3 }, true, 'at least 3'],
    [{ at_least: 4 }, false, 'at least 4'],
    [{ at_most: 3 }, true, 'at most 3'],
    [{ at_most: 2.5 }, false, 'at most 2.5'],
    [{ at_least: 1, at_most: 2 }, false, 'at least 1, at most 2'],
    [{ at_least: 3, at_most: 3 }, true, 'at least 3, at most 3'],
  ])('compares 3 with %o', async (bounds, holds, expected) => {
    const sql = 'SELECT count(*) AS units FROM series';
    expect(await checkExpectations(manifest, expectations({ sql, ...bounds }))).toEqual([
      { name: 'e0', sql, expected, column: 'units', value: 3, holds, problem: null },
    ]);
  });

  it.each([
    ['SELECT series_unit FROM series', 'it gives 3 rows'],
    ["SELECT 1 FROM series WHERE series_unit = 'none'", 'it gives 0 rows'],
    ['SELECT 1, 2', 'it gives 2 columns'],
    ['SELECT max(NULL::INTEGER) FROM series', 'it gives null'],
    ["SELECT 'many'", 'something else'],
    ['SELECT true', 'something else'],
    ['SELECT error(series_unit) FROM series', 'su1'],
  ])('lets nothing pass that gives no number: %s', async (sql, problem) => {
    const [checked] = await checkExpectations(manifest, expectations({ sql, at_most: 1e9 }));
    expect(checked).toMatchObject({ holds: false, value: null, problem: expect.stringContaining(problem) });
  });

  it('reads integers beyond 2^53 and decimals', async () => {
    const checked = await checkExpectations(
      manifest,
      expectations(
        { sql: 'SELECT 9223372036854775807', at_least: 9e18 },
        { sql: 'SELECT 0.25', at_most: 0.3 },
      ),
    );
    expect(checked.map(({ holds }) => holds)).toEqual([true, true]);
  });
});

describe('findQueryProblems', () => {
  it('names the queries that cannot be asked, and knows the table files for cohorts alone', async () => {
    const files = 'CREATE TABLE files (split STRING)';
    const found = await findQueryProblems(
      expectations(
        { sql: 'SELECT count(*) FROM series', at_least: 1 },
        { sql: 'SELECT count(*) FROM serie', at_least: 1 },
        { sql: 'SELECT count(*), 1 FROM series', at_least: 1 },
        { sql: 'SELECT count(split) FROM files', at_least: 1, of: 'cohort' },
        { sql: 'SELECT count(split) FROM files', at_least: 1 },
        { sql: 'DROP TABLE files', at_least: 1, of: 'cohort' },
      ),
      files,
    );
    expect(found.map(({ index }) => index)).toEqual([1, 2, 4, 5]);
    expect(found[0]!.message).toContain('serie');
    expect(found[1]!.message).toBe('gives 2 columns, not one');
  });
});

describe('expectSchema', () => {
  it.each([
    [[{ name: 'a', sql: 'SELECT 1' }]],
    [[{ name: 'a', sql: 'SELECT 1', at_least: 2, at_most: 1 }]],
    [[{ name: 'Two words', sql: 'SELECT 1', at_least: 2 }]],
    [[1, 2].map(() => ({ name: 'a', sql: 'SELECT 1', at_least: 2 }))],
  ])('refuses %o', (all) => {
    expect(expectSchema.safeParse(all).success).toBe(false);
  });
});
