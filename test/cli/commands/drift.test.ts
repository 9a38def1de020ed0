import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeTable } from '../../../manifest/write.ts';
import { makeSeriesRow } from '../../manifest/rows.ts';
import { makeSyntheticRun } from '../../web/report/synthetic-run.ts';
import { runProgram } from '../program.ts';

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-drift-'));
const folderOf = (name: string) => path.join(home, name);
afterAll(() => fs.rmSync(home, { recursive: true, force: true }));

/** A run of 300 patients with a unit each, chests in the given share; the patients of each run are its own. */
async function makeRun(name: string, chests: number, window: [number, number] = [-1000, 400]): Promise<void> {
  const folder = folderOf(name);
  const run = await makeSyntheticRun(folder, 1);
  const series = Array.from({ length: 300 }, (_, n) =>
    makeSeriesRow(`su${String(n).padStart(24, '0')}`, {
      patient_id: `${name}${n}`,
      body_part: n < 300 * chests ? 'chest' : 'head',
      tensor_mean: 255 * (n / 300),
      needs_review: n % 3 === 0,
    }),
  );
  await writeTable(path.join(folder, 'manifest/series/part-00000.parquet'), 'series', series, {
    pipelineDigest: run.pipeline_digest,
  });
  run.pipeline.preprocess.window_hu = window;
  fs.writeFileSync(path.join(folder, 'run.json'), JSON.stringify(run));
}

beforeAll(async () => {
  await makeRun('may', 0.5);
  await makeRun('june', 0.52);
  await makeRun('july', 0.8, [-500, 500]);
});

describe('drift', () => {
  it('is none between runs that are alike: exit code 0', () => {
    const { exitCode, stdout, stderr } = runProgram(['drift', folderOf('may'), folderOf('june')]);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain('300 labelled series units in A, 300 in B');
    expect(stdout).toMatch(/body_part +chest 50\.0 % +52\.0 % +0\.020 +1\.000\n/);
    expect(stdout).toMatch(/mean_hu +median -302 HU +-302 HU +0\.000 +1\.000\n/);
    expect(stdout).toMatch(/needs_review +33\.3 % +33\.3 % +0\.000 +1\.000\n/);
    expect(stdout).toMatch(/conflict +0\.0 % +0\.0 %/);
  });

  it('of a shifted label mix is flagged, and windows that differ are not compared: exit code 1', () => {
    const { exitCode, stdout, stderr } = runProgram(['drift', folderOf('may'), folderOf('july')]);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/body_part +chest 50\.0 % +80\.0 % +0\.300 +0\.0\d\d +DRIFT/);
    expect(stdout).toContain('Not known in both: mean_hu, air_fraction, saturated_fraction');
    expect(stderr).toMatch(/1 of \d+ measures drift: body_part\./);
    expect(stderr).toContain('The windows differ');
  });

  it('is one JSON document with --json, and heeds --effect', () => {
    const args = ['drift', folderOf('may'), folderOf('july'), '--json', '--effect', '0.4'];
    const { exitCode, stdout } = runProgram(args);
    expect(exitCode).toBe(0);
    const { measures, least_effect, left_out: leftOut, notes } = JSON.parse(stdout);
    expect([least_effect, leftOut.length, notes.length]).toEqual([0.4, 3, 1]);
    expect(measures[0]).toMatchObject({
      ...{ name: 'body_part', units: { first: 300, second: 300 }, effect: expect.closeTo(0.3, 6) },
      ...{ drifts: false, shift: { kind: 'shares', values: [{ value: 'chest' }, { value: 'head' }] } },
    });
    expect(measures[0].p_adjusted).toBeLessThan(0.05);
  });

  it('of what is no run, or by an impossible effect, is wrong usage: exit code 2', () => {
    expect(runProgram(['drift', folderOf('may'), home]).exitCode).toBe(2);
    expect(runProgram(['drift', folderOf('may'), folderOf('june'), '--effect', '5']).exitCode).toBe(2);
  });
});
