/** Writes that fail leave nothing half done, say why, and cost no byte (#7). Long form: scripts/faults.mjs. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeArchive } from '../../demo/archive.ts';
import { copyProjectKey, type RunPlan, runArguments, testBundleOptions } from '../fixtures/chaos/campaign.ts';
import { findProcessesOf, measureProgram } from '../fixtures/chaos/program.ts';
import { buildLibrary, type FaultCase, runFaults } from '../fixtures/faults/campaign.ts';
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

const CASES: FaultCase[] = [
  // The server runs by then, and must be stopped.
  { error: 'EIO', call: 'rename', match: 'state/runs/.*/server\\.json' },
  { error: 'ENOSPC', call: 'write', match: 'output/\\.serieswise/instances/.*' },
  { error: 'EIO', call: 'rename', match: 'output/dicom/.*' },
  { error: 'ENOSPC', call: 'write', match: 'output/\\.run\\.json\\.tmp-.*' },
];

describe.skipIf(!hasCompiler())('a run whose writes fail (judge: gcc)', () => {
  const work = makeFolder('faults');
  const library = buildLibrary(root, work);
  const planFor = (name: string): RunPlan => ({
    root,
    input: path.join(work, 'input'),
    output: path.join(work, name, 'output'),
    state: path.join(work, name, 'state'),
    options: [...testBundleOptions(), '--concurrency', '1', '--no-report'],
  });
  const reference = planFor('reference');

  beforeAll(async () => {
    await makeArchive(reference.input, { seed: 7, series: 2, slices: 6 });
    const { code, stderr } = await measureProgram(root, runArguments(reference));
    expect(code, stderr).toBe(0);
  });
  afterAll(() => fs.rmSync(work, { recursive: true, force: true }));

  /** Plan, surroundings and a fresh start of a campaign in a folder of its own. */
  function prepare(name: string, limitMs: number) {
    const plan = planFor(name);
    const setting = {
      library: library ?? '',
      prefix: path.join(work, name),
      reference: reference.output,
      limitMs,
    };
    const reset = () => {
      for (const folder of [plan.output, plan.state]) fs.rmSync(folder, { recursive: true, force: true });
      copyProjectKey(reference.state, plan.state);
    };
    return { plan, setting, reset };
  }

  it('ends with 3 and what is wrong, and with the same bytes once there is room', async () => {
    const { plan, setting, reset } = prepare('faults', 300_000);
    const { results, problems } = await runFaults(plan, setting, CASES, reset, () => {});
    expect(results.map(({ code, problems: each }) => [code, each])).toEqual(CASES.map(() => [3, []]));
    expect(problems).toEqual([]);
  }, 600_000);

  it('is killed with all its processes when it takes too long, and that is a problem', async () => {
    const { plan, setting, reset } = prepare('overdue', 2_500);
    const nothing: FaultCase = { error: 'EIO', call: 'rename', match: 'nothing' };
    const { results, problems } = await runFaults(plan, setting, [nothing], reset, () => {});
    const killed = expect.stringMatching(/^It had not ended after \d+ s, and was killed\.$/);
    expect(results.map(({ problems: each }) => each)).toEqual([[killed]]);
    expect(problems).toEqual([killed, 'exit code SIGKILL']);
    expect(findProcessesOf(path.join(work, 'overdue'))).toEqual([]);
  });
});
