import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createStageContext } from '../../activities/context.ts';
import {
  planRetrieval,
  readRetrievals,
  retrieveRequest,
  rowsOfRetrieval,
} from '../../activities/retrieve.ts';
import { openSource } from '../../activities/sources/open-source.ts';
import { RunFiles } from '../../activities/store/run-files.ts';
import { pipelineSchema } from '../../pipelines/schema.ts';
import type { RetrievedSource } from '../../pipelines/source-schema.ts';
import { makeDataset } from '../fixtures/dicom-objects.ts';
import { type DimseFaults, startFaultDimse } from '../fixtures/fault-dimse.ts';
import type { PacsContent } from '../fixtures/fault-pacs.ts';

const SOPS = ['2.25.1.1.1', '2.25.1.1.2', '2.25.1.1.3'];
const CONTENT: PacsContent = { '2.25.1': [{ seriesUid: '2.25.1.1', modality: 'CT', sopUids: SOPS }] };
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanUps.splice(0).reverse()) await clean();
});

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function retrieve(way: 'get' | 'move', faults: DimseFaults, settings: object = {}) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'retrieve-dimse-'));
  cleanUps.push(() => fs.rmSync(home, { recursive: true, force: true }));
  const movePort = await freePort();
  const pacs = await startFaultDimse(CONTENT, { ...faults, movePort });
  cleanUps.push(() => pacs.close());
  const move = { with: 'move', host: '127.0.0.1', port: movePort, settle_s: 0.4 };
  const pipeline = pipelineSchema.parse({
    name: 'zz',
    source: {
      type: 'dimse',
      host: '127.0.0.1',
      port: pacs.port,
      called_ae_title: 'PACS',
      select: { by: 'study_list' },
      retrieve: way === 'move' ? move : { with: 'get' },
      throttle: { per_second: 1000 },
      retry: { attempts: 3, first_wait_s: 0.01, longest_wait_s: 0.02, timeout_s: 5 },
      ...settings,
    },
  });
  fs.writeFileSync(path.join(home, 'list.csv'), '2.25.1\n2.25.9\n');
  const state = { folder: home, location: home, key: randomBytes(32) };
  const places = { input: path.join(home, 'list.csv'), output: home, bundleFolder: home };
  await (await RunFiles.open(state, '0'.repeat(16))).writeSettings(places);
  const context = await createStageContext(state, '0'.repeat(16), pipeline);
  const { files, pseudonymizer } = context;
  const source = openSource(pipeline.source as RetrievedSource, context);
  cleanUps.push(() => source.close());
  const tools = { context, source, signal: new AbortController().signal, now: () => new Date() };
  const plan = await planRetrieval(tools);
  if ('waitMs' in plan) throw new Error('not now');
  for (let index = 0; index < plan.requests; index += 1) await retrieveRequest(tools, index);
  const rows = await rowsOfRetrieval(context);
  const of = (level: string, found: boolean) => {
    const row = rows.find((each) => each.level === level && (each.study_instance_uid !== null) === found);
    return row && [row.outcome, row.reason, row.announced_count, row.expected_count, row.received_count];
  };
  expect(of('study', false)).toEqual(['missing', 'not-found', null, null, 0]);
  expect(rows.some((row) => row.study_instance_uid === pseudonymizer.uid('2.25.1'))).toBe(true);
  const retrievals = [];
  for await (const retrieval of readRetrievals(context)) retrievals.push(retrieval);
  const objects = retrievals
    .flatMap(({ studies }) => studies.flatMap(({ series }) => series.flatMap(({ instances }) => instances)))
    .map(({ sopUid, sourceKey }) => ({
      sopUid,
      bytes: files.sealer.open(fs.readFileSync(files.localPath(files.names.retrieved(sourceKey)))),
    }));
  for (const { sopUid, bytes } of objects) {
    const dataset = makeDataset({ studyUid: '2.25.1', seriesUid: '2.25.1.1', sopUid });
    expect(bytes.toString('latin1', 128, 132)).toBe('DICM');
    expect(bytes.subarray(bytes.length - dataset.length).equals(dataset)).toBe(true);
  }
  return { series: of('series', true), study: of('study', true) };
}

describe.each(['get', 'move'] as const)('completeness by C-%s', (way) => {
  test.each<[string, DimseFaults, object, unknown[]]>([
    ['a good PACS', {}, {}, ['complete', null, 3, 3, 3]],
    ['study by study', {}, { retrieve_by: 'study' }, ['complete', null, 3, 3, 3]],
    ['one that breaks off twice', { aborts: 2 }, {}, ['complete', null, 3, 3, 3]],
    ['one that answers twice, and with nothing', { repeatAnswers: true }, {}, ['complete', null, 3, 3, 3]],
    ['wrong counts', { announce: 4 }, {}, ['complete', 'counts-differ', 7, 3, 3]],
    ['what is never sent', { without: ['2.25.1.1.2'] }, {}, ['partial', 'not-delivered', 3, 3, 2]],
  ])('%s', async (_name, faults, settings, expected) => {
    const { series, study } = await retrieve(way, faults, settings);
    expect(series).toEqual(expected);
    expect(study).toEqual(expected);
  });
});

test('a C-MOVE that answers before it sends is waited for', async () => {
  const { study } = await retrieve('move', { moveDelayMs: 200 });
  expect(study).toEqual(['complete', null, 3, 3, 3]);
});
