import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Redo } from '../../activities/plan-redo.ts';
import { openState } from '../../activities/store/state.ts';
import { forecastFiles, openRedoPlan } from '../../cli/commands/plan.ts';
import { loadRunnablePipeline } from '../../cli/load-pipeline.ts';
import { makeArchive } from '../../demo/archive.ts';
import { openManifest } from '../../manifest/query.ts';
import { runProgram } from '../cli/program.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import { digestOutput, listTree, makeFolder, RUN_TIMEOUT_MS, SHIPPED_PIPELINE } from './run-folders.ts';

describe('runs again on one output', () => {
  const folder = makeFolder('incremental');
  const input = path.join(folder, 'input');
  const output = path.join(folder, 'output');
  const args = (command: string, ...extra: string[]) => [
    ...[command, SHIPPED_PIPELINE, '--input', input, '--output', output],
    ...['--state', path.join(folder, 'state'), '--json', ...extra],
  ];
  const run = (...extra: string[]) =>
    JSON.parse(runProgram(args('run', '--no-report', ...extra), {}, RUN_TIMEOUT_MS).stdout);

  beforeAll(async () => {
    await makeArchive(input, { seed: 11, series: 2, slices: 12 });
  });
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  it(
    'does not take what a killed run of other settings left for the finished run before it',
    async () => {
      expect(run()).toMatchObject({ status: 'done', unchanged: false });
      const before = digestOutput(output);
      const runFile = path.join(output, 'run.json');
      const { mtimeMs } = fs.statSync(runFile);
      const other = args('run', '--no-report', '--set', 'classify.review_below.body_part=1');
      const child = spawn(path.join(repositoryRoot, 'bin/serieswise'), other, { stdio: 'ignore' });
      await killWhen(child, () => fs.statSync(runFile).mtimeMs !== mtimeMs);
      expect(digestOutput(output)).not.toEqual(before);
      expect(run()).toMatchObject({ status: 'done', unchanged: false });
      expect(digestOutput(output)).toEqual(before);
      expect(run()).toMatchObject({ status: 'done', unchanged: true });
    },
    RUN_TIMEOUT_MS,
  );

  it('are told beforehand: what would be done again, and why', async () => {
    const state = openState(path.join(folder, 'state'));
    const planWith = async (...overrides: string[]) => {
      const loaded = await loadRunnablePipeline(SHIPPED_PIPELINE, overrides);
      const { pipeline, bundle } = loaded;
      const { redo } = await forecastFiles(
        input,
        state,
        loaded,
        await openRedoPlan(output, state, pipeline, bundle),
      );
      return redo!;
    };
    const again = ({ deidentify, preprocess, classify, publish }: Redo) =>
      [deidentify, preprocess, classify, publish].map(({ reasons }) => reasons);
    const before = await planWith();
    const { of: files } = before.deidentify;
    const units = before.publish.of;
    expect([files, units, before.gone]).toEqual([listTree(input).length, 2, 0]);
    expect(again(before)).toEqual([{}, {}, {}, {}]);

    const thresholds = await planWith('classify.review_below.body_part=1');
    expect(again(thresholds)).toEqual([{}, {}, {}, { 'changed-option': 2 }]);
    const window = again(await planWith('preprocess.window_hu=[-900, 400]'));
    expect(window).toEqual([{}, ...Array(3).fill({ 'changed-option': 2 })]);
    const dates = again(await planWith('deidentify.dates=shift'));
    expect(dates).toEqual([{ 'changed-option': files }, ...Array(3).fill({ 'changed-option': 2 })]);
    const bundle = path.join(folder, 'other');
    fs.cpSync(path.join(repositoryRoot, 'models/bundles/starter'), bundle, { recursive: true });
    const card = JSON.parse(fs.readFileSync(path.join(bundle, 'card.json'), 'utf8'));
    fs.writeFileSync(path.join(bundle, 'card.json'), JSON.stringify({ ...card, name: 'other' }));
    const relabelled = again(await planWith(`classify.bundle=${bundle}`));
    const isNew = { 'new-bundle': 2 };
    expect(relabelled).toEqual([{}, { 'tensor-not-kept': 2 }, isNew, isNew]);

    const runFile = path.join(output, 'run.json');
    const document = JSON.parse(fs.readFileSync(runFile, 'utf8'));
    const older = { ...document, step_versions: { ...document.step_versions, publish: 1 } };
    fs.writeFileSync(runFile, JSON.stringify(older));
    expect(again(await planWith())).toEqual([{}, {}, {}, { 'changed-step-version': 2 }]);
    fs.writeFileSync(runFile, JSON.stringify(document));

    // Another series of another patient, and one file of each study is touched or gone.
    await makeArchive(path.join(input, 'late'), { seed: 12, series: 1, slices: 12 });
    const late = await planWith();
    expect(again(late).slice(0, 2)).toEqual([
      { 'late-arrival': late.deidentify.of - files },
      { 'late-arrival': late.preprocess.of - 2 },
    ]);
    fs.rmSync(path.join(input, 'late'), { recursive: true });
    const kept = new Set((await readKept(output)).flatMap(({ source_bytes: bytes }) => Number(bytes)));
    const file = listTree(input).find((name) => kept.has(fs.statSync(path.join(input, name)).size))!;
    fs.utimesSync(path.join(input, file), 1, 1);
    expect((await planWith()).deidentify.reasons).toEqual({ 'changed-file': 1 });
    fs.rmSync(path.join(input, file));
    const without = await planWith();
    expect([without.deidentify.again, without.gone]).toEqual([0, 1]);
    expect(without.preprocess.reasons).toEqual({ 'other-slices': 1 });
  });
});

/** Instances of the manifest that are kept. */
async function readKept(output: string): Promise<Record<string, unknown>[]> {
  const manifest = await openManifest(output);
  try {
    return (await manifest.query("SELECT source_bytes FROM instances WHERE disposition = 'kept'")).rows;
  } finally {
    await manifest.close();
  }
}

/** kill -9 at the first moment of which `isTime` holds. */
async function killWhen(child: ChildProcess, isTime: () => boolean): Promise<void> {
  const exit = once(child, 'exit');
  const watch = setInterval(() => {
    if (isTime()) child.kill('SIGKILL');
  }, 2);
  await exit;
  clearInterval(watch);
}
