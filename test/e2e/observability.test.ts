import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ArchiveTruth, makeArchive } from '../../demo/archive.ts';
import { openManifest } from '../../manifest/query.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../workers/embedded-server.ts';
import { findOrInstallServer } from '../../workers/find-server.ts';
import { runProgram } from '../cli/program.ts';
import { freePort } from '../fixtures/free-port.ts';
import { type OtlpCollector, startOtlpCollector } from '../fixtures/otlp-collector.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import { makeFolder, SHIPPED_PIPELINE } from './run-folders.ts';

/** A run whose files wait for classification first, until a second worker comes; both workers tell what they do. */
describe('what workers tell of a run', () => {
  const folder = makeFolder('observability');
  const place = (name: string) => path.join(folder, name);
  const children: ChildProcess[] = [];
  const workers: ChildProcess[] = [];
  const urls: string[] = [];
  let truth: ArchiveTruth;
  let server: EmbeddedServer;
  let collector: OtlpCollector;

  beforeAll(async () => {
    truth = await makeArchive(place('input'), { seed: 5, series: 3, slices: 8 });
    for (const { path: file } of truth.files.slice(0, 8)) {
      fs.mkdirSync(path.dirname(path.join(place('one-series'), file)), { recursive: true });
      fs.copyFileSync(path.join(place('input'), file), path.join(place('one-series'), file));
    }
    fs.copyFileSync(path.join(place('input'), truth.files[0]!.path), path.join(place('input'), 'ZZCOPY.dcm'));
    fs.writeFileSync(path.join(place('input'), 'ZZNOTES.txt'), 'ZZTEST^CANARY');
    const { executable } = await findOrInstallServer(() => {});
    collector = await startOtlpCollector();
    server = await startEmbeddedServer({ executable, folder: place('server') });
  });

  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await server?.stop();
    await collector?.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  function start(args: string[], env: NodeJS.ProcessEnv): ChildProcess {
    const all = [...args, '--state', place('state')];
    const child = spawn(path.join(repositoryRoot, 'bin/serieswise'), all, {
      env: { ...process.env, ...env },
      stdio: 'ignore',
    });
    children.push(child);
    return child;
  }

  const traced = () => ({
    TEMPORAL_ADDRESS: server.address,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  });

  async function startWorker(queue: string): Promise<void> {
    const port = await freePort();
    const args = ['worker', '--queues', queue, '--metrics', String(port), '--log', place(`${queue}.log`)];
    workers.push(start(args, traced()));
    urls.push(urlOf(port));
  }

  const runArguments = (output: string, input = 'input') => [
    'run',
    SHIPPED_PIPELINE,
    '--input',
    place(input),
    '--output',
    place(output),
  ];

  it('counts files, bytes and series as the manifest does, and shows nothing of the source', async () => {
    await startWorker('cpu');
    start([...runArguments('output'), '--detach'], traced());
    // Nobody classifies yet.
    await until(urls[0]!, (page) => page.get('serieswise_queue_depth{queue="gpu"}') === 1);
    await startWorker('gpu');
    const isDone = 'serieswise_stage_seconds_count{stage="publish",activity="publishManifest"}';
    await until(urls[0]!, (page) => page.get(isDone) === 1);
    // The server counts a moment behind.
    const depths = ['cpu', 'gpu'].map((queue) => `serieswise_queue_depth{queue="${queue}"}`);
    for (const url of urls) await until(url, (page) => depths.every((depth) => page.get(depth) === 0));

    const texts = await Promise.all(urls.map(async (url) => (await fetch(url)).text()));
    const [cpu, gpu] = texts.map(parsePage) as [Page, Page];
    const manifest = await openManifest(place('output'));
    const counted = async (sql: string) =>
      Object.fromEntries(
        (await manifest.query(sql)).rows.map(({ disposition, n }) => [disposition, Number(n)]),
      );
    const files = 'FROM instances GROUP BY disposition';
    const expected = {
      files: await counted(`SELECT disposition, count(*) AS n ${files}`),
      bytes: await counted(`SELECT disposition, sum(source_bytes) AS n ${files}`),
      series: await counted('SELECT disposition, count(*) AS n FROM series GROUP BY disposition'),
    };
    await manifest.close();
    expect(expected.files).toEqual({ kept: 24, duplicate: 1, unreadable: 1 });
    for (const [name, counts] of Object.entries(expected)) {
      const none = { kept: 0, excluded: 0, duplicate: 0, quarantined: 0, unreadable: 0 };
      const told = Object.keys(none).map((disposition) => [
        disposition,
        cpu.get(`serieswise_${name}_total{disposition="${disposition}"}`),
      ]);
      expect(Object.fromEntries(told), name).toEqual({ ...none, ...counts });
    }
    expect(gpu.get('serieswise_classified_units_total{provider="cpu"}')).toBe(3);
    expect(gpu.get('serieswise_classifier_busy_seconds_total{provider="cpu"}')).toBeGreaterThan(0.01);
    expect(gpu.get('serieswise_stage_seconds_count{stage="classify",activity="classifyUnits"}')).toBe(1);
    for (const page of [cpu, gpu])
      for (const [name, value] of page) if (name.startsWith('serieswise_open_')) expect(value, name).toBe(0);
    const dashboard = fs.readFileSync(path.join(repositoryRoot, 'docker/grafana/serieswise.json'), 'utf8');
    const documented = fs.readFileSync(path.join(repositoryRoot, 'docs/observability.md'), 'utf8');
    for (const text of texts) {
      expect(namesIn(text)).toEqual(namesIn(documented));
      for (const name of queriedBy(dashboard)) expect(text, name).toContain(`# TYPE ${name} `);
      expect(identifiersIn(text, truth, folder)).toEqual([]);
      // Words and codes of the program, numbers, versions.
      for (const [, label] of text.matchAll(/="([^"]*)"/g))
        expect(label).toMatch(/^([a-zA-Z-]+(_[a-z]+)*|v?\d{1,5}(\.\d{1,4}){0,2}|\+Inf)$/);
    }
  });

  it('a run with a server of its own tells of itself while it lasts', async () => {
    const port = await freePort();
    const told = ['--metrics', String(port), '--log', place('alone.log')];
    const run = start([...runArguments('alone', 'one-series'), ...told, '--no-report'], {
      TEMPORAL_ADDRESS: '',
    });
    const ended = new Promise((resolve) => run.once('exit', resolve));
    const listed = 'serieswise_stage_seconds_count{stage="discover",activity="listSourceFiles"}';
    await until(urlOf(port), (page) => page.get(listed) === 1);
    expect(await ended).toBe(0);
    await expect(fetch(urlOf(port))).rejects.toThrow();
    const { events } = readLog('alone');
    expect(events.at(0)).toMatchObject({ event: 'run-started', run: expect.stringMatching(/^[0-9a-f]+$/) });
    expect(events.at(-1)).toMatchObject({ event: 'run-ended', outcome: 'done', run: events[0]!.run });
  });

  it('refuses what is no address (2), one that is in use (3), and a run that others work on (2)', () => {
    const refused = (args: string[], env: NodeJS.ProcessEnv) => {
      const { exitCode, stderr } = runProgram([...args, '--state', place('state')], env);
      return [exitCode, stderr];
    };
    const cluster = { TEMPORAL_ADDRESS: server.address };
    const inUse = new URL(urls[0]!).port;
    expect(refused(['worker', '--metrics', 'localhost'], cluster)).toEqual([
      2,
      expect.stringContaining('PORT'),
    ]);
    expect(refused(['worker', '--metrics', inUse], cluster)).toEqual([3, expect.stringContaining('in use')]);
    expect(refused([...runArguments('other'), '--metrics', '0'], cluster)).toEqual([
      2,
      expect.stringContaining('give it to `worker`'),
    ]);
    const nowhere = path.join(place('missing'), 'run.log');
    expect(refused(['worker', '--log', nowhere], cluster)).toEqual([
      3,
      expect.stringContaining('cannot be written'),
    ]);
    expect(fs.existsSync(place('other'))).toBe(false);
  });

  it('logs of workers name every activity with its counts, and nothing of the source', async () => {
    const ended = Promise.all(
      workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve))),
    );
    for (const worker of workers) worker.kill('SIGTERM');
    expect(await ended).toEqual([0, 0]);
    const [cpu, gpu] = [readLog('cpu'), readLog('gpu')];
    for (const { events } of [cpu, gpu]) {
      expect([events.at(0)!.event, events.at(-1)!.event]).toEqual(['worker-started', 'worker-stopped']);
      const names = (event: string) =>
        events.flatMap((each) => (each.event === event ? [each.activity] : [])).sort();
      expect(names('activity-started')).toEqual(names('activity-ended'));
    }
    const endedOn = ({ events }: typeof cpu) => events.filter(({ event }) => event === 'activity-ended');
    expect(endedOn(cpu).map(({ activity }) => activity)).toEqual([
      'listSourceFiles',
      'scanHeaders',
      'planBatches',
      'deidentifyBatch',
      'groupBatch',
      'preprocessUnits',
      'publishBatch',
      'publishManifest',
    ]);
    expect(endedOn(gpu).map(({ stage, batch }) => [stage, batch])).toEqual([['classify', 0]]);
    expect(endedOn(cpu).find(({ activity }) => activity === 'publishBatch')!.counts).toMatchObject({
      'instances.kept': 24,
      'instances.duplicate': 1,
      'instances.unreadable': 1,
      'series.kept': 3,
    });
    for (const { text, events } of [cpu, gpu, readLog('alone')]) {
      expect(identifiersIn(text, truth, folder)).toEqual([]);
      for (const { time, counts, queues, run, ...fields } of events)
        for (const value of Object.values(fields)) expect(String(value)).toMatch(/^[\w.-]{1,40}$/);
    }
  });

  it('one trace leads from the run to every activity, and tells nothing of the source', () => {
    const named = (name: string) => collector.spans.filter((span) => span.name === name);
    const [run] = named('run');
    const [started] = named('StartWorkflow:curateArchive');
    expect(started!.parentSpanId).toBe(run!.spanId);
    const activities = collector.spans.filter(({ name }) => name.startsWith('RunActivity:'));
    expect(activities.map(({ name }) => name.slice('RunActivity:'.length)).sort()).toEqual([
      'classifyUnits',
      'deidentifyBatch',
      'groupBatch',
      'listSourceFiles',
      'planBatches',
      'preprocessUnits',
      'publishBatch',
      'publishManifest',
      'scanHeaders',
    ]);
    for (const { traceId, parentSpanId, attributes } of activities) {
      expect([traceId, parentSpanId]).toEqual([run!.traceId, started!.spanId]);
      expect(attributes['serieswise.run']).toBe(run!.attributes['serieswise.run']);
    }
    expect(identifiersIn(collector.text(), truth, folder)).toEqual([]);
  });

  function readLog(name: string): { text: string; events: LogLine[] } {
    const text = fs.readFileSync(place(`${name}.log`), 'utf8');
    const lines = text.trimEnd().split('\n');
    return { text, events: lines.map((line) => JSON.parse(line)) };
  }
});

const urlOf = (port: number) => `http://127.0.0.1:${port}/metrics`;

type Page = Map<string, number>;

type LogLine = Record<string, unknown> & { event: string; counts?: Record<string, number> };

/** Samples by name with labels. */
function parsePage(text: string): Page {
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    samples.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

async function until(url: string, isThere: (page: Page) => boolean): Promise<Page> {
  for (let waited = 0; ; waited += 300) {
    const text = await fetch(url).then(
      (response) => response.text(),
      () => '',
    );
    const page = parsePage(text);
    if (isThere(page)) return page;
    if (waited > 180_000) throw new Error(`It never came:\n${text}`);
    await sleep(300);
  }
}

/** Names of the house's own metrics, without what a histogram adds. */
function namesIn(text: string): string[] {
  const names = text.match(/\bserieswise_\w+/g) ?? [];
  return [...new Set(names.map((name) => name.replace(/_(bucket|sum|count)$/, '')))].sort();
}

/** Metrics that the panels of a dashboard ask for, Node's own among them. */
function queriedBy(dashboard: string): string[] {
  const { panels }: { panels: { targets: { expr: string }[] }[] } = JSON.parse(dashboard);
  const names = panels.flatMap(({ targets }) =>
    targets.flatMap(({ expr }) => expr.match(/\b(serieswise|process|nodejs)_\w+/g) ?? ['']),
  );
  expect(names).not.toContain('');
  return [...new Set(names.map((name) => name.replace(/_(bucket|sum|count)$/, '')))];
}

/** Planted strings, paths and identifiers of the source that stand in a text. */
function identifiersIn(text: string, truth: ArchiveTruth, folder: string): string[] {
  const known = [
    ...truth.plantedStrings,
    ...truth.plantedDates,
    ...truth.files.map(({ path: file }) => path.basename(file)),
    ...truth.series.flatMap((series) => [
      series.patientId,
      series.studyInstanceUid,
      series.seriesInstanceUid,
    ]),
    'ZZ',
    folder,
  ];
  return known.filter((each) => text.includes(each));
}
