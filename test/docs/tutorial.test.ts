import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { findTrainingPython } from '../../cli/training/python.ts';
import type { QueueItem } from '../../web/review/contracts.ts';
import { RUN_TIMEOUT_MS } from '../e2e/run-folders.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import { startReview } from '../web/review/review-server.ts';
import { readPage } from './shell-commands.ts';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-tutorial-'));
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

/** What the tutorial corrects by keys, sent as the page sends it. */
async function readEveryUnit(curated: string): Promise<void> {
  const review = await startReview(curated);
  const headers = { authorization: `Bearer ${review.token}`, 'content-type': 'application/json' };
  const post = (name: string, body: object) =>
    fetch(`${review.origin}/api/${name}`, { method: 'POST', headers, body: JSON.stringify(body) });
  await post('queue', { state: 'all', conflicts: false, key: '', facets: {}, sample: null });
  const queue = await fetch(`${review.origin}/api/queue?snapshot=1&from=0&count=100`, { headers });
  for (const { unit, tasks } of (await queue.json()) as QueueItem[]) {
    const correction: Record<string, string> = unit.startsWith('su4e090d44')
      ? { body_part: 'abdomen', axis: 'sagittal' }
      : unit.startsWith('su58cb4d6c')
        ? { body_part: 'chest' }
        : {};
    const labels = Object.fromEntries(Object.entries(tasks).map(([task, { label }]) => [task, label]));
    const action = Object.keys(correction).length === 0 ? 'accept' : 'relabel';
    const decision = { action, unit, labels: { ...labels, ...correction }, readingMs: 1 };
    expect((await post('decisions', decision)).status).toBe(200);
  }
  await review.stop();
}

/** Fewer slices and a smaller network: it is the way that is tested, and the keys and patients that the page names. */
function shorten(command: string): string {
  return command
    .replaceAll('tutorial/', `${scratch}/`)
    .replace('mkdir tutorial', `mkdir -p ${scratch}`)
    .replaceAll(`$PWD/${scratch}`, scratch)
    .replace('dist/demo/main.js', 'dist/demo/main.js --slices 10')
    .replace('--epochs 12', '--epochs 1 --batch 4 --width 2 --threads 1');
}

it(
  'goes from DICOM to labels by a network of its own with the commands as they stand',
  async () => {
    const blocks = [...readPage('docs/tutorial.md').matchAll(/```(sh|console)\n([\s\S]*?)```/g)];
    const commands = blocks.flatMap(([, kind, text]) =>
      kind === 'sh'
        ? text!.trim().split('\n')
        : [...text!.matchAll(/^\$ (.*)$/gm)].map(([, command]) => command!),
    );
    const exported: string[] = [];
    const answers: string[] = [];
    const isTrainable = findTrainingPython() !== null;
    for (const command of commands) {
      if (!isTrainable && command.includes('my-bundle')) continue;
      if (command.includes('--summary')) await readEveryUnit(path.join(scratch, 'curated'));
      const line = shorten(command);
      if (line.startsWith('export ')) {
        exported.push(line);
        continue;
      }
      const { status, stdout, stderr } = spawnSync('sh', ['-c', [...exported, line].join('\n')], {
        cwd: repositoryRoot,
        encoding: 'utf8',
        env: { ...process.env, OMP_NUM_THREADS: '1' },
      });
      expect([command, status, status === 0 ? '' : stderr]).toEqual([command, 0, '']);
      answers.push(`$ ${command}\n${stdout}${stderr}`);
    }
    const all = answers.join('\n');
    expect(answers.length).toBeGreaterThan(isTrainable ? 12 : 9);
    expect(all).toContain('su4e090d4469ca5d4787ab80df,head-and-face,axial,sagittal');
    expect(all).toContain('15 of 15 series units reviewed');
    expect(all).toContain('su58cb4d6ca1683f617aaabea8,t-spine,chest');
    expect(all.replaceAll(/why .*DICOMDIR/g, '')).not.toContain('ZZTEST');
  },
  RUN_TIMEOUT_MS,
);
