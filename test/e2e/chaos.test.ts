/** Kills, interruptions, concurrency and order of arrival change no byte (#3). Long form: scripts/chaos.mjs. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  copyProjectKey,
  type RunPlan,
  runArguments,
  runCampaign,
  runReference,
  testBundleOptions,
} from '../fixtures/chaos/campaign.ts';
import { Marks, type Timeline } from '../fixtures/chaos/marks.ts';
import {
  findServers,
  measureProgram,
  shuffledListings,
  startProgram,
  waitForProcessesOf,
} from '../fixtures/chaos/program.ts';
import { compareOutputs, copyShuffled, findRemains } from '../fixtures/chaos/trees.ts';
import { repositoryRoot as root } from '../fixtures/shared-data.ts';

const SEED = 20_241;

// Processes are found in /proc, which only Linux has.
describe.skipIf(!fs.existsSync('/proc/self/cmdline'))('a run that is disturbed', () => {
  let work: string;
  let timeline: Timeline;
  let reference: RunPlan;
  const planFor = (name: string, options: string[] = []): RunPlan => ({
    root,
    input: path.join(work, 'input'),
    output: path.join(work, `${name}-output`),
    state: path.join(work, `${name}-state`),
    options: [...testBundleOptions(), ...options],
  });
  const planWithKey = (name: string, options: string[] = []): RunPlan => {
    const plan = planFor(name, options);
    copyProjectKey(reference.state, plan.state);
    return plan;
  };
  const expectNothingLeft = async (plan: RunPlan) => {
    expect(await waitForProcessesOf(plan.state, 15_000)).toEqual([]);
    expect(findRemains(plan.output)).toEqual([]);
    for (const run of fs.readdirSync(path.join(plan.state, 'runs')))
      expect(findRemains(path.join(plan.state, 'runs', run))).toEqual([]);
  };

  beforeAll(async () => {
    work = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-chaos-'));
    const input = path.join(work, 'input');
    // Two batches, so that there is a time between them.
    execFileSync(process.execPath, [
      path.join(root, 'dist/demo/main.js'),
      '--output',
      input,
      '--slices',
      '16',
    ]);
    reference = planFor('reference', ['--concurrency', '1']);
    const { end, timeline: noted } = await runReference(reference);
    expect(end.code, end.stderr).toBe(0);
    timeline = noted;
  }, 240_000);

  afterAll(() => fs.rmSync(work, { recursive: true, force: true }));

  it('is the same after kills of its process and of its server, and then has nothing more to do', async () => {
    const plan = planWithKey('killed');
    const said: string[] = [];
    const campaign = await runCampaign(plan, timeline, { kills: 3, serverKills: 1, seed: SEED }, (text) =>
      said.push(text),
    );
    expect(campaign.missed, said.join('\n')).toEqual([]);
    expect(campaign.starts.filter(({ signal }) => signal === 'SIGKILL')).toHaveLength(3);
    await expectNothingLeft(plan);
    expect(compareOutputs(reference.output, plan.output)).toEqual([]);
    const verified = await measureProgram(root, ['verify', plan.output]);
    expect(verified.code, verified.stdout).toBe(0);

    const before = fs.statSync(path.join(plan.output, 'run.json')).mtimeMs;
    const again = await measureProgram(root, runArguments(plan));
    expect(JSON.parse(again.stdout)).toMatchObject({ status: 'done', unchanged: true });
    expect(fs.statSync(path.join(plan.output, 'run.json')).mtimeMs).toBe(before);
    await expectNothingLeft(plan);
  }, 400_000);

  it('is the same with another concurrency and folders in another order', async () => {
    const plan = { ...planWithKey('shuffled', ['--concurrency', '3']), input: path.join(work, 'shuffled') };
    copyShuffled(reference.input, plan.input, SEED);
    const end = await measureProgram(root, runArguments(plan), shuffledListings(root));
    expect(end.code, end.stderr).toBe(0);
    expect(compareOutputs(reference.output, plan.output)).toEqual([]);
  }, 240_000);

  it('stops on Ctrl-C with 130, takes its server with it, and goes on from there', async () => {
    const plan = planWithKey('interrupted');
    const marks = new Marks(plan.state, plan.output);
    const halfway = Math.floor(timeline.timesMs.length / 2);
    const program = startProgram(root, runArguments(plan));
    while (marks.look() < halfway) await sleep(25);
    const [server] = findServers(plan.state);
    expect(server).toBeDefined();
    program.kill('SIGINT');
    const end = await program.ended;
    expect(end.code, end.stderr).toBe(130);
    expect(await waitForProcessesOf(plan.state, 5_000)).toEqual([]);
    expect(fs.existsSync(path.join(plan.output, 'run.json'))).toBe(false);

    const resumed = await measureProgram(root, runArguments(plan));
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(compareOutputs(reference.output, plan.output)).toEqual([]);
    await expectNothingLeft(plan);
  }, 240_000);
});
