import os from 'node:os';
import type { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { afterAll, expect, it, vi } from 'vitest';
import { observeActivities } from '../../workers/observe-activities.ts';
import { startTracing } from '../../workers/tracing.ts';
import { startOtlpCollector } from '../fixtures/otlp-collector.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';

const collector = await startOtlpCollector();
afterAll(async () => {
  vi.unstubAllEnvs();
  await collector.close();
});

it('tells of an attempt that failed its code, and nothing of the machine', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', collector.url);
  const tracing = startTracing();
  const info = {
    activityType: 'publishBatch',
    activityId: '1',
    inWorkflow: true,
    workflowExecution: { workflowId: 'serieswise-run-5a5a/batch-7', runId: '5a5a' },
    attempt: 2,
    currentAttemptScheduledTimestampMs: Date.now(),
  } as Context['info'];
  const factories: ActivityInterceptorsFactory[] = [
    tracing.activity,
    observeActivities('cpu', [tracing.observer]),
  ];
  const [outer, inner] = factories.map((make) => make({ info } as Context).inbound!);
  const failure = ApplicationFailure.create({ message: 'No space is left.', type: 'disk-full' });
  const input = { args: [{ run: { runKey: '5a5a' }, batch: 7 }], headers: {} };
  const execute = outer!.execute!(input, (next) => inner!.execute!(next, () => Promise.reject(failure)));
  await expect(execute).rejects.toBe(failure);
  const failed = await tracing.traceRun(
    '5a5a',
    async () => 'disk-full',
    (code) => code,
  );
  expect(failed).toBe('disk-full');
  await tracing.close();

  const [attempt, run] = collector.spans;
  expect(attempt).toMatchObject({
    name: 'RunActivity:publishBatch',
    status: { code: 2 },
    attributes: {
      'serieswise.run': '5a5a',
      'serieswise.stage': 'publish',
      'serieswise.batch': '7',
      'serieswise.attempt': '2',
      'serieswise.code': 'disk-full',
    },
  });
  expect(attempt!.events!.map(({ name }) => name)).toEqual(['exception']);
  expect(run).toMatchObject({ name: 'run', status: { code: 2, message: 'disk-full' } });
  for (const own of ['stacktrace', repositoryRoot, os.hostname(), process.execPath])
    expect(collector.text()).not.toContain(own);
});
