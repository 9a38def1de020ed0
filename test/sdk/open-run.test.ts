import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WORK_FOLDER } from '../../activities/store/run-files.ts';
import { columnsOf, derivedColumnsOf, TABLE_NAMES } from '../../manifest/schema.ts';
import { ManifestError, openRun, query, type Run, RunError } from '../../sdk/index.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import { makeSyntheticRun } from '../web/report/synthetic-run.ts';

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'sdk-open-run-'));
const output = path.join(home, 'output');
let run: Run;

beforeAll(async () => {
  await makeSyntheticRun(output, 400);
  run = await openRun(output);
});
afterAll(async () => {
  await run.close();
  fs.rmSync(home, { recursive: true, force: true });
});

describe('a run that is open', () => {
  it('gives its document and the rows of each table, in order', async () => {
    expect(run.document.pipeline.name).toBe('synthetic-run');
    expect(run.tables.map(({ name }) => name)).toEqual(TABLE_NAMES);
    const series = await run.rows('series');
    expect(series).toHaveLength(400);
    expect(series.map((row) => row.series_unit)).toEqual(series.map((row) => row.series_unit).sort());
    const columns = [...columnsOf('series'), ...derivedColumnsOf('series')].map(({ name }) => name);
    expect(Object.keys(series[0]!)).toEqual(columns);
    const [first] = await run.rows('labels');
    expect(first?.scores).toEqual([first?.score]);
    expect(await run.rows('reviews')).toEqual([]);
  });

  it('takes a condition as a whole, and nothing but a condition', async () => {
    const kept = await run.rows('series', "disposition = 'kept' -- with a comment at its end");
    expect(kept).toHaveLength(360);
    const either = await run.rows('series', "reason = 'localizer' OR reason = 'too-few-slices'");
    expect(either).toHaveLength(40);
    await expect(run.rows('series', 'true); DROP TABLE series; --')).rejects.toBeInstanceOf(ManifestError);
  });

  it('answers in SQL and writes answers to files', async () => {
    const sql = 'SELECT disposition, count(*) AS n FROM series GROUP BY ALL ORDER BY n';
    const rows = await run.query<{ disposition: string; n: number }>(sql);
    expect(rows).toEqual([
      { disposition: 'excluded', n: 40 },
      { disposition: 'kept', n: 360 },
    ]);
    expect(await query(run, sql)).toEqual(rows);
    expect(await query(output, sql)).toEqual(rows);
    const file = path.join(home, 'answer.csv');
    await run.export(sql, file, 'csv');
    expect(fs.readFileSync(file, 'utf8')).toBe('disposition,n\nexcluded,40\nkept,360\n');
    await expect(run.query('SELECT nothing FROM series')).rejects.toMatchObject({ code: 'sql-error' });
  });

  it('says so once it is closed', async () => {
    const other = await openRun(output);
    await other.close();
    await other.close();
    await expect(other.query('SELECT 1')).rejects.toMatchObject({ name: 'RunError', code: 'closed' });
    await expect(other.rows('series')).rejects.toMatchObject({ code: 'closed' });
  });
});

it('refuses what is no finished run, each with its code', async () => {
  const make = (name: string, files: Record<string, string>) => {
    const folder = path.join(home, name);
    fs.mkdirSync(path.join(folder, WORK_FOLDER), { recursive: true });
    for (const [file, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, file), text);
    return folder;
  };
  const places: [string, string][] = [
    [path.join(home, 'nowhere'), 'not-a-run'],
    [home, 'not-a-run'],
    [make('begun', {}), 'unfinished'],
    [make('damaged', { 'run.json': '{' }), 'damaged'],
    [make('emptied', { 'run.json': '{}' }), 'no-manifest'],
    ['s3://NO', 'location-invalid'],
  ];
  for (const [place, code] of places) {
    const error = await openRun(place).catch((reason: unknown) => reason);
    expect([place, (error as RunError).code]).toEqual([place, code]);
    expect(error).toBeInstanceOf(code === 'no-manifest' ? ManifestError : RunError);
  }
});

describe('examples/sdk/list-heads.mjs', () => {
  const example = (args: string[]) =>
    spawnSync(process.execPath, ['examples/sdk/list-heads.mjs', ...args], {
      cwd: repositoryRoot,
      encoding: 'utf8',
    });

  it('lists the axial heads of a run', async () => {
    const list = path.join(home, 'heads.csv');
    const { status, stdout, stderr } = example([output, list]);
    expect([status, stderr]).toEqual([0, '']);
    const wanted = `disposition = 'kept' AND body_part = 'head' AND axis = 'axial' AND NOT needs_review`;
    const [counted] = await query<{ n: number }>(run, `SELECT count(*) AS n FROM series WHERE ${wanted}`);
    expect(counted!.n).toBeGreaterThan(0);
    expect(stdout).toContain(`${counted!.n} axial heads`);
    expect(fs.readFileSync(list, 'utf8').trim().split('\n')).toHaveLength(counted!.n + 1);
  });

  it('says what is wrong with another folder', () => {
    const { status, stderr } = example([home]);
    expect([status, stderr]).toEqual([2, 'The place holds no output of a run. [not-a-run]\n']);
  });
});

it('loads no database for those who only import it', () => {
  const script = `await import('serieswise');
    process.stdout.write(process.report.getReport().sharedObjects.filter((name) => /duckdb|onnx/.test(name)).join());`;
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: repositoryRoot,
    encoding: 'utf8',
  });
  expect(said).toBe('');
});
