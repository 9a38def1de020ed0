/** The hostile set and damaged files through the program (#7). Long forms: scripts/hostile.mjs, scripts/fuzz.mjs. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeSeeds } from '../dicom/fuzz-seeds.ts';
import { buildLibrary } from '../fixtures/faults/campaign.ts';
import { runDamagedFiles } from '../fixtures/fuzz/damaged-files.ts';
import { runHostileSet } from '../fixtures/hostile/run.ts';
import { repositoryRoot as root } from '../fixtures/shared-data.ts';
import { makeFolder } from './run-folders.ts';

const hasCompiler = () => {
  try {
    execFileSync('gcc', ['--version'], { stdio: 'ignore' });
    return process.platform === 'linux';
  } catch {
    return false;
  }
};

describe.skipIf(!hasCompiler())('the hostile set (judge: gcc)', () => {
  const work = makeFolder('hostile');
  afterAll(() => fs.rmSync(work, { recursive: true, force: true }));

  it('gives each case its verdict and writes nowhere but in output and state', async () => {
    const result = await runHostileSet(root, work, buildLibrary(root, work) ?? '');
    expect(result.problems).toEqual([]);
    expect(result.cases.length).toBeGreaterThanOrEqual(60);
  }, 600_000);
});

it.skipIf(process.platform !== 'linux')(
  'gives 300 damaged files a row and a reason each',
  async () => {
    const work = makeFolder('damaged');
    try {
      const run = await runDamagedFiles({
        root,
        work: path.join(work, 'run'),
        seeds: await makeSeeds(),
        files: 300,
        series: 2,
        seed: 5,
      });
      expect(run.problems).toEqual([]);
      expect(run.instances.unreadable ?? 0).toBeGreaterThan(50);
      expect(run.instances.kept ?? 0).toBeGreaterThan(20);
    } finally {
      fs.rmSync(work, { recursive: true, force: true });
    }
  },
  600_000,
);
