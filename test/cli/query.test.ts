import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TABLE_NAMES } from '../../manifest/schema.ts';
import { writeTable } from '../../manifest/write.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import { makeInstanceRows, makeLabelRows, makeSeriesRow } from '../manifest/rows.ts';
import { describeWithOracle, runOracle } from '../oracles/python.ts';
import { runMain } from './main.ts';
import { runProgram } from './program.ts';

const METADATA = { pipelineDigest: 'c'.repeat(64) };
let home = '';
beforeAll(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'cli-query-'));
  for (const table of TABLE_NAMES) fs.mkdirSync(path.join(home, 'manifest', table), { recursive: true });
  await writeTable(
    path.join(home, 'manifest/instances/a.parquet'),
    'instances',
    makeInstanceRows(300),
    METADATA,
  );
  const series = [
    makeSeriesRow('su1', { review_reasons: ['a', 'b,c'] }),
    makeSeriesRow('su2', { kvp: null }),
  ];
  await writeTable(path.join(home, 'manifest/series/a.parquet'), 'series', series, METADATA);
  await writeTable(path.join(home, 'manifest/labels/a.parquet'), 'labels', makeLabelRows(3), METADATA);
});
afterAll(() => fs.rmSync(home, { recursive: true, force: true }));

const SQL = 'SELECT series_unit, kvp, review_reasons FROM series ORDER BY series_unit';

describe('serieswise query', () => {
  test('prints CSV where no person looks', () => {
    const { exitCode, stdout, stderr } = runProgram(['query', home, SQL]);
    expect(stdout).toBe(
      'series_unit,kvp,review_reasons\nsu1,120.0,"[a, \'b,c\']"\nsu2,,"[contrast-score-low, Ü🫀]"\n',
    );
    expect([exitCode, stderr]).toEqual([0, '']);
  });

  test('leaves nothing behind when its reader stops reading', () => {
    const temporary = fs.mkdtempSync(path.join(home, 'tmp-'));
    const sql = 'SELECT * FROM instances, range(500)';
    const shell = `"$0" query "$1" "${sql}" | head -1; echo "\${PIPESTATUS[0]}"`;
    const program = path.join(repositoryRoot, 'bin/serieswise');
    const output = execFileSync('bash', ['-c', shell, program, home], {
      encoding: 'utf8',
      env: { ...process.env, TMPDIR: temporary },
    });
    expect(output).toMatch(/^source_key,.*\n0\n$/);
    expect(fs.readdirSync(temporary)).toEqual([]);
  });

  test('prints one JSON document', async () => {
    const expected = [
      { series_unit: 'su1', kvp: 120, review_reasons: ['a', 'b,c'] },
      { series_unit: 'su2', kvp: null, review_reasons: ['contrast-score-low', 'Ü🫀'] },
    ];
    for (const flags of [['--json'], ['--format', 'json']]) {
      const { exitCode, stdout } = await runMain(['query', home, SQL, ...flags]);
      expect(exitCode).toBe(0);
      expect(JSON.parse(stdout)).toEqual(expected);
    }
  });

  test('prints a table, and says when it does not show all', async () => {
    const { stdout } = await runMain(['query', home, SQL, '--format', 'table']);
    expect(stdout.split('\n')[0]).toMatch(/^series_unit\s+kvp\s+review_reasons$/);
    expect(stdout).toContain('su1');
    const long = await runMain(['query', home, 'FROM instances SELECT source_key', '--format', 'table']);
    expect(long.stderr).toContain('The first 200 of 300 rows');
    expect(long.stdout.trim().split('\n')).toHaveLength(201);
  });

  test('writes files, the format known by the ending', async () => {
    const target = path.join(home, 'answer.json');
    const { exitCode, stdout } = await runMain(['query', home, SQL, '--output', target]);
    expect([exitCode, stdout]).toEqual([0, '']);
    expect(JSON.parse(fs.readFileSync(target, 'utf8'))).toHaveLength(2);
    const csv = path.join(home, 'answer.txt');
    expect((await runMain(['query', home, SQL, '--output', csv])).exitCode).toBe(0);
    expect(fs.readFileSync(csv, 'utf8')).toContain('series_unit,kvp');
  });

  test('explains wrong SQL with the tables and columns that there are', async () => {
    const { exitCode, stdout, stderr } = await runMain(['query', home, 'SELECT bodypart FROM series']);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/bodypart/);
    expect(stderr).toMatch(/series \(series_unit, .*body_part/);
    expect(stderr).toMatch(/labels \(/);
  });

  test.each([
    [
      'a folder that is not of a run',
      (dir: string) => ['query', path.dirname(dir), 'SELECT 1'],
      /not the output of a run/,
    ],
    [
      'Parquet to a terminal',
      (dir: string) => ['query', dir, 'SELECT 1', '--format', 'parquet'],
      /--output FILE/,
    ],
    [
      'two formats at once',
      (dir: string) => ['query', dir, 'SELECT 1', '--json', '--format', 'csv'],
      /different things/,
    ],
    ['an unknown format', (dir: string) => ['query', dir, 'SELECT 1', '--format', 'xml'], /Allowed choices/],
    [
      'a missing folder for the output',
      (dir: string) => ['query', dir, 'SELECT 1', '--output', '/nowhere/x.csv'],
      /does not exist/,
    ],
    ['a statement that writes', (dir: string) => ['query', dir, 'DROP VIEW series'], /read only/],
    ['no SQL', (dir: string) => ['query', dir], /missing required argument/],
  ])('ends with 2 for %s', async (_name, args, message) => {
    const { exitCode, stderr } = await runMain(args(home));
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describeWithOracle('serieswise query --format parquet', () => {
  test('writes a file that others read', async () => {
    const target = path.join(home, 'answer.parquet');
    expect((await runMain(['query', home, SQL, '--output', target])).exitCode).toBe(0);
    const read = runOracle('read_parquet.py', [target]) as { pyarrow: unknown[] };
    expect(read.pyarrow).toEqual([
      { series_unit: 'su1', kvp: 120, review_reasons: ['a', 'b,c'] },
      { series_unit: 'su2', kvp: null, review_reasons: ['contrast-score-low', 'Ü🫀'] },
    ]);
  });
});
