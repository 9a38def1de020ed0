import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeBundleFolder } from '../models/bundle-folder.ts';
import { runMain } from './main.ts';
import { runProgram } from './program.ts';

let home = '';
let good = '';
let broken = '';
beforeAll(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'cli-models-'));
  good = writeBundleFolder(home);
  broken = writeBundleFolder(home, { name: 'broken' });
  fs.appendFileSync(path.join(broken, 'tiny.onnx'), 'x');
});
afterAll(() => fs.rmSync(home, { recursive: true, force: true }));

interface Listed {
  name: string;
  tasks: string[];
  problem: unknown;
}

describe('serieswise models', () => {
  test('list, show and verify know the bundles of the checkout', async () => {
    const { exitCode, stdout } = await runMain(['models', 'list', '--json']);
    expect(exitCode).toBe(0);
    const starter = (JSON.parse(stdout) as Listed[]).find(({ name }) => name === 'starter');
    expect(starter).toMatchObject({ tasks: ['body_part', 'axis', 'contrast'], problem: null });
    const table = await runMain(['models', 'list']);
    expect(table.stdout).toMatch(/starter .*body_part, axis, contrast.*ok/);
    expect(runProgram(['models', 'verify']).exitCode).toBe(0);
    const card = JSON.parse((await runMain(['models', 'show', 'starter', '--json'])).stdout) as {
      card: { name: string };
    };
    expect(card.card.name).toBe('starter');
  });

  test('show tells everything that a card says', async () => {
    const { exitCode, stdout } = await runMain(['models', 'show', good]);
    expect(exitCode).toBe(0);
    for (const part of [
      'tiny 0.0.1 (Apache-2.0)',
      'window -1000 to 400 HU',
      'temporal-bone',
      'accuracy',
      '0.4 to 0.6',
      '95% bootstrap',
      'source none; licence CC0-1.0',
      'It knows nothing.',
      'chest 0',
    ]) {
      expect(stdout).toContain(part);
    }
  });

  test('verify ends with 1 for a bundle that is not what its card says', async () => {
    const { exitCode, stdout, stderr } = await runMain(['models', 'verify', broken]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('digest-mismatch');
    expect(stderr).toContain('1 of 1');
    const json = await runMain(['models', 'verify', broken, '--json']);
    expect(json.exitCode).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: false,
      bundles: [{ problem: { code: 'digest-mismatch' } }],
    });
    expect((await runMain(['models', 'show', broken])).exitCode).toBe(1);
  });

  test('bench times a bundle', () => {
    const { exitCode, stdout } = runProgram([
      'models',
      'bench',
      good,
      '--rounds',
      '2',
      '--threads',
      '1',
      '--json',
    ]);
    expect(exitCode).toBe(0);
    const report = JSON.parse(stdout) as Record<string, number | string>;
    expect(report).toMatchObject({ bundle: 'tiny@0.0.1', provider: 'cpu', threads: 1, runs: 2 });
    expect(report.median_ms).toBeGreaterThan(0);
    expect(report.cpu_ms_per_run).toBeGreaterThan(0);
    expect(report.rss_mb_peak).toBeGreaterThan(50);
  });

  test.each([
    [['models', 'show', 'nowhere'], 2, /There is no model bundle "nowhere"/],
    [['models', 'verify', 'nowhere'], 2, /Known: /],
    [['models', 'bench', 'nowhere', '--rounds', '0'], 2, /Expected a number from 1 on/],
    [['models', 'bench', 'nowhere', '--provider', 'tpu'], 2, /Allowed choices/],
    [['models', 'nonsense'], 2, /unknown command/],
  ])('%j ends with %i', async (args, code, message) => {
    const { exitCode, stderr } = await runMain(args);
    expect(exitCode).toBe(code);
    expect(stderr).toMatch(message);
  });
});
