import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { afterAll, expect, it } from 'vitest';
import { openLog } from '../../workers/log.ts';
import { observeActivities } from '../../workers/observe-activities.ts';
import { makeFolder } from '../e2e/run-folders.ts';

const folder = makeFolder('observe');
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

it('tells each attempt that failed by its code, whatever was thrown, and throws it on', async () => {
  const file = path.join(folder, 'worker.log');
  const log = openLog(file);
  const context = {
    info: { activityType: 'classifyUnits', attempt: 2, currentAttemptScheduledTimestampMs: Date.now() },
  } as Context;
  const { inbound } = observeActivities('gpu', [log.observer])(context);
  const args = [{ run: { runKey: '5a5a' }, batch: 7, from: 8, to: 12 }];
  const thrown = [
    ApplicationFailure.create({ message: 'ZZTEST^CANARY', type: 'out-of-memory', nonRetryable: false }),
    ApplicationFailure.create({ message: 'ZZTEST^CANARY', type: 'bundle-changed', nonRetryable: true }),
    new CancelledFailure('ZZTEST^CANARY'),
    new DOMException('ZZTEST^CANARY', 'AbortError'),
    new TypeError('ZZTEST^CANARY'),
  ];
  for (const error of thrown) {
    const execute = inbound!.execute!({ args, headers: {} }, () => Promise.reject(error));
    await expect(execute).rejects.toBe(error);
  }
  await log.close();
  const text = fs.readFileSync(file, 'utf8');
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const failures = lines.filter(({ event }) => event === 'activity-failed');
  expect(failures.map(({ level, code, final }) => [level, code, final])).toEqual([
    ['warn', 'out-of-memory', false],
    ['error', 'bundle-changed', true],
    ['warn', 'cancelled', true],
    ['warn', 'cancelled', true],
    ['warn', 'internal-error', false],
  ]);
  expect(failures[0]).toMatchObject({
    run: '5a5a',
    stage: 'classify',
    activity: 'classifyUnits',
    queue: 'gpu',
    batch: 7,
    attempt: 2,
  });
  expect(text).not.toContain('ZZTEST');
  expect(fs.statSync(file).mode & 0o077).toBe(0);
});
