import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import type { ServerResponse } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createStageContext } from '../../activities/context.ts';
import { listSourceFiles } from '../../activities/discover.ts';
import { planRetrieval, retrieveRequest, rowsOfRetrieval } from '../../activities/retrieve.ts';
import { openSource } from '../../activities/sources/open-source.ts';
import { RunFiles } from '../../activities/store/run-files.ts';
import { placeOfRun, SourceReader } from '../../activities/store/sources.ts';
import type { RetrievalRow } from '../../manifest/schema.ts';
import { type Pipeline, pipelineSchema } from '../../pipelines/schema.ts';
import type { RetrievedSource } from '../../pipelines/source-schema.ts';
import type { SourceEntry } from '../../stages/records.ts';
import { makeObject } from '../fixtures/dicom-objects.ts';
import { type Fault, type PacsContent, startFaultPacs } from '../fixtures/fault-pacs.ts';

const sop = (series: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${series}.${index + 1}`);
const CONTENT: PacsContent = {
  '2.25.1': [
    { seriesUid: '2.25.1.1', modality: 'CT', sopUids: sop('2.25.1.1', 5) },
    { seriesUid: '2.25.1.2', modality: 'SR', sopUids: sop('2.25.1.2', 1) },
  ],
  '2.25.2': [{ seriesUid: '2.25.2.1', modality: 'CT', sopUids: sop('2.25.2.1', 3) }],
};
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanUps.splice(0).reverse()) await clean();
});

/** Answers with a status, or not at all. */
function fail(response: ServerResponse, status?: number): 'handled' {
  if (status === undefined) response.destroy();
  else response.writeHead(status).end();
  return 'handled';
}

/** A run over a PACS that fails as told. */
async function begin(fault: Fault, settings: object = {}, list = Object.keys(CONTENT)) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'retrieve-'));
  cleanUps.push(() => fs.rmSync(home, { recursive: true, force: true }));
  const pacs = await startFaultPacs(CONTENT, fault);
  cleanUps.push(() => pacs.close());
  const retry = { attempts: 3, first_wait_s: 0.01, longest_wait_s: 0.02, timeout_s: 5 };
  const source = {
    type: 'dicomweb',
    url: pacs.url,
    select: { by: 'study_list' },
    throttle: { per_second: 1000 },
    retry,
    ...settings,
  };
  const pipeline = pipelineSchema.parse({ name: 'zz', source });
  const listFile = path.join(home, 'list.csv');
  fs.writeFileSync(listFile, list.join('\n'));
  const state = { folder: home, location: home, key: randomBytes(32) };
  const runKey = '0'.repeat(16);
  const files = await RunFiles.open(state, runKey);
  await files.writeSettings({ input: listFile, output: path.join(home, 'out'), bundleFolder: home });
  const context = await createStageContext(state, runKey, pipeline);
  return { context, pacs, pipeline, home };
}

/** Retrieves all, and gives the rows with the UIDs of the source in place of pseudonyms. */
async function retrieveAll({
  context,
  pipeline,
}: {
  context: Awaited<ReturnType<typeof begin>>['context'];
  pipeline: Pipeline;
}) {
  const source = openSource(pipeline.source as RetrievedSource, context);
  cleanUps.push(() => source.close());
  const tools = { context, source, signal: new AbortController().signal, now: () => new Date() };
  const plan = await planRetrieval(tools);
  if ('waitMs' in plan) throw new Error('not now');
  for (let index = 0; index < plan.requests; index += 1) await retrieveRequest(tools, index);
  const known = new Map(
    [
      '2.25.9',
      ...Object.entries(CONTENT).flatMap(([study, series]) => [
        study,
        ...series.map((each) => each.seriesUid),
      ]),
    ].map((uid) => [context.pseudonymizer.uid(uid), uid]),
  );
  const rows = new Map<string, RetrievalRow>();
  for (const row of await rowsOfRetrieval(context))
    rows.set(known.get(row.series_instance_uid ?? row.study_instance_uid ?? '') ?? 'nothing', row);
  return rows;
}

const tell = (row: RetrievalRow | undefined) =>
  row && [
    row.outcome,
    row.reason,
    row.announced_count,
    row.expected_count,
    row.received_count,
    row.unlisted_count,
  ];

describe('completeness of what a PACS gives', () => {
  const whole = {
    '2.25.1': ['complete', null, 6, 6, 6, 0],
    '2.25.1.1': ['complete', null, 5, 5, 5, 0],
    '2.25.1.2': ['complete', null, 1, 1, 1, 0],
    '2.25.2': ['complete', null, 3, 3, 3, 0],
    '2.25.2.1': ['complete', null, 3, 3, 3, 0],
  };
  const cases: [name: string, fault: Fault, settings: object, expected: Record<string, unknown>][] = [
    ['a good server', () => undefined, {}, {}],
    ['pages of two', () => undefined, { page_size: 2 }, {}],
    ['study by study', () => undefined, { retrieve_by: 'study' }, {}],
    ['instance by instance', () => undefined, { retrieve_by: 'instance' }, {}],
    [
      'a server error at every first request',
      ({ count, response }) => (count % 2 === 1 ? fail(response, 503) : undefined),
      {},
      {},
    ],
    [
      'a connection that breaks before the answer',
      ({ count, response }) => (count === 1 ? fail(response) : undefined),
      {},
      {},
    ],
    [
      'a multipart that is cut, whose rest is asked for by instance',
      ({ kind, level }) => (kind === 'retrieve' && level === 'series' ? { cutAfterParts: 1 } : undefined),
      {},
      {},
    ],
    [
      'a multipart that is always cut',
      ({ kind }) => (kind === 'retrieve' ? { cutAfterParts: 0 } : undefined),
      {},
      {
        '2.25.1': ['missing', 'truncated', 6, 6, 0, 0],
        '2.25.1.1': ['missing', 'truncated', 5, 5, 0, 0],
        '2.25.1.2': ['missing', 'truncated', 1, 1, 0, 0],
        '2.25.2': ['missing', 'truncated', 3, 3, 0, 0],
        '2.25.2.1': ['missing', 'truncated', 3, 3, 0, 0],
      },
    ],
    [
      'a server that fails for one study',
      ({ kind, path: at, response }) =>
        kind === 'retrieve' && at.includes('2.25.2/') ? fail(response, 500) : undefined,
      {},
      {
        '2.25.2': ['missing', 'server-error', 3, 3, 0, 0],
        '2.25.2.1': ['missing', 'server-error', 3, 3, 0, 0],
      },
    ],
    [
      'an instance that is listed and never given',
      ({ kind }) => (kind === 'retrieve' ? { without: ['2.25.1.1.3'] } : undefined),
      {},
      {
        '2.25.1': ['partial', 'not-delivered', 6, 6, 5, 0],
        '2.25.1.1': ['partial', 'not-delivered', 5, 5, 4, 0],
      },
    ],
    [
      'an instance that is given and not listed',
      ({ kind }) => (kind === 'instances' ? { without: ['2.25.1.1.3'] } : undefined),
      {},
      {
        '2.25.1': ['complete', null, 6, 5, 6, 1],
        '2.25.1.1': ['complete', null, 5, 4, 5, 1],
      },
    ],
    [
      'wrong counts',
      ({ kind }) => (kind === 'series' || kind === 'studies' ? { announce: 2 } : undefined),
      {},
      {
        '2.25.1': ['complete', 'counts-differ', 8, 6, 6, 0],
        '2.25.1.1': ['complete', 'counts-differ', 7, 5, 5, 0],
        '2.25.1.2': ['complete', 'counts-differ', 3, 1, 1, 0],
        '2.25.2': ['complete', 'counts-differ', 5, 3, 3, 0],
        '2.25.2.1': ['complete', 'counts-differ', 5, 3, 3, 0],
      },
    ],
    ['every instance twice', ({ kind }) => (kind === 'retrieve' ? { repeat: true } : undefined), {}, {}],
    [
      'a server that trickles one series',
      ({ kind, path: at }) => (kind === 'retrieve' && at.includes('2.25.2/') ? { trickleMs: 20 } : undefined),
      { retry: { attempts: 1, first_wait_s: 0, longest_wait_s: 0, timeout_s: 0.2 } },
      {
        '2.25.2': ['missing', 'timed-out', 3, 3, 0, 0],
        '2.25.2.1': ['missing', 'timed-out', 3, 3, 0, 0],
      },
    ],
    [
      'series that are not wanted',
      () => undefined,
      { series: { modalities: ['CT'] } },
      {
        '2.25.1': ['complete', null, 6, 5, 5, 0],
        '2.25.1.2': ['skipped', 'not-wanted', 1, 1, 0, 0],
      },
    ],
    [
      'instances that are too large',
      () => undefined,
      { max_instance_bytes: 100 },
      Object.fromEntries(
        Object.entries(whole).map(([uid, [, , announced, expected]]) => [
          uid,
          ['missing', 'too-large', announced, expected, 0, 0],
        ]),
      ),
    ],
  ];
  test.each(cases)('%s', async (_name, fault, settings, expected) => {
    const run = await begin(fault, settings);
    const rows = await retrieveAll(run);
    const told = Object.fromEntries([...rows].map(([uid, row]) => [uid, tell(row)]));
    expect(told).toEqual({ ...whole, ...expected });
    const listing = await listSourceFiles(run.context);
    const received = [...rows.values()].filter(({ level }) => level === 'study');
    expect(listing.files).toBe(received.reduce((sum, row) => sum + row.received_count, 0));
  });

  test('a study that the PACS does not know has a row', async () => {
    const run = await begin(() => undefined, {}, ['2.25.2', '2.25.9']);
    const rows = await retrieveAll(run);
    expect(tell(rows.get('2.25.2'))).toEqual(['complete', null, 3, 3, 3, 0]);
    expect(tell(rows.get('nothing'))).toEqual(['missing', 'not-found', null, null, 0, 0]);
  });

  test('a list that expects more than there is makes a study partial', async () => {
    const run = await begin(() => undefined, {}, ['study_instance_uid,expected_count', '2.25.2,4']);
    expect(tell((await retrieveAll(run)).get('2.25.2'))).toEqual(['partial', 'not-delivered', 3, 4, 3, 0]);
  });

  test('a server that is gone ends the run, resumable, rather than every study', async () => {
    const run = await begin(() => undefined);
    await run.pacs.close();
    await expect(retrieveAll(run)).rejects.toMatchObject({ code: 'source-unreachable', kind: 'environment' });
  });

  test('a refused secret ends the run', async () => {
    const run = await begin(({ response }) => fail(response, 401));
    await expect(retrieveAll(run)).rejects.toMatchObject({ code: 'source-refuses-us' });
  });
});

describe('what was retrieved', () => {
  const read = async ({ context }: Awaited<ReturnType<typeof begin>>) => {
    const listing = await listSourceFiles(context);
    const entries = (await context.files.readSealed<SourceEntry[]>(context.files.names.listing(0))) ?? [];
    const reader = new SourceReader(placeOfRun(context));
    const objects = new Map<string, Buffer>();
    for (const entry of entries) objects.set(entry.path, (await reader.read(entry)) as Buffer);
    return { listing, objects };
  };

  test('is read as it was sent, and lies sealed', async () => {
    const run = await begin(() => undefined);
    await retrieveAll(run);
    const { objects } = await read(run);
    const uids = { studyUid: '2.25.2', seriesUid: '2.25.2.1', sopUid: '2.25.2.1.2' };
    expect(objects.get('2.25.2/2.25.2.1/2.25.2.1.2.dcm')).toEqual(Buffer.from(makeObject(uids)));
    for (const entry of fs.readdirSync(run.home, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.name === 'list.csv') continue;
      const bytes = fs.readFileSync(path.join(entry.parentPath, entry.name)).toString('latin1');
      expect(`${entry.name}${bytes}`).not.toMatch(/ZZTEST|2\.25\.[12]\./);
    }
  });

  test('is not asked for again', async () => {
    const run = await begin(() => undefined);
    const first = await retrieveAll(run);
    const asked = run.pacs.requests.filter((request) => !request.includes('limit=')).length;
    expect(asked).toBe(3);
    expect(await retrieveAll(run)).toEqual(first);
    expect(run.pacs.requests.filter((request) => !request.includes('limit=')).length).toBe(asked);
  });

  test('goes on after a break with what is missing', async () => {
    let isDown = true;
    const fault: Fault = ({ kind, count, response }) =>
      isDown && kind === 'retrieve' && count > 1 ? fail(response) : undefined;
    const run = await begin(fault, { retrieve_by: 'instance' });
    const before = await retrieveAll(run);
    expect([...before.values()].reduce((sum, row) => sum + row.received_count, 0)).toBeLessThan(18);
    isDown = false;
    const after = await retrieveAll(run);
    expect([...after.values()].every(({ outcome }) => outcome === 'complete')).toBe(true);
    expect((await read(run)).listing.files).toBe(9);
  });
});
