import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  exampleFolder,
  type Fault,
  type IdcStore,
  loadExample,
  makeIdcData,
  type StoreRequest,
  serveIdcStore,
  type TableRow,
} from '../../fixtures/idc-store.ts';

interface Selected {
  collection_id: string;
  crdc_series_uuid: string;
  aws_bucket: string;
  instances: number;
  bytes: number;
}
interface Outcome {
  counts: Record<string, number>;
  failed: { crdc_series_uuid: string; kind: string }[];
}
interface FetchModule {
  fetchAll(options: { work: string; series: Selected[]; options: object }): Promise<Outcome>;
}

const { fetchAll } = await loadExample<FetchModule>('fetch.mjs');
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'idc-fetch-'));
let buckets = '';
let series: Selected[] = [];
let work = '';
let store: IdcStore;

const selectedOf = (row: TableRow): Selected => ({
  collection_id: row.collection_id,
  crdc_series_uuid: row.crdc_series_uuid,
  aws_bucket: row.aws_bucket,
  instances: row.instanceCount,
  bytes: Math.round(row.series_size_MB * 1e6),
});

beforeAll(async () => {
  const data = await makeIdcData(scratch, () => 'zztest_one');
  buckets = data.buckets;
  series = data.rows
    .filter((row) => row.Modality === 'CT' && row.instanceCount >= 16)
    .slice(0, 4)
    .map(selectedOf);
  expect(series).toHaveLength(4);
});
beforeEach(() => {
  work = fs.mkdtempSync(path.join(scratch, 'work-'));
});
afterEach(() => store?.close());
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

async function fetchWith(fault?: (request: StoreRequest) => Fault | undefined): Promise<Outcome> {
  store = await serveIdcStore(buckets, fault);
  const options = { endpoint: store.endpoint, concurrency: 2, tries: 4, pauseMs: 5, idleMs: 2000 };
  return fetchAll({ work, series, options });
}

const digest = (file: string): string => createHash('sha256').update(fs.readFileSync(file)).digest('hex');

/** Every series as the store has it, and nothing else below dicom/. */
function expectWhole(expected: readonly Selected[]): void {
  const found = fs
    .readdirSync(path.join(work, 'dicom'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(path.basename(entry.parentPath), entry.name))
    .sort();
  const wanted = expected
    .flatMap(({ aws_bucket, crdc_series_uuid }) =>
      fs
        .readdirSync(path.join(buckets, aws_bucket, crdc_series_uuid))
        .map((name) => path.join(crdc_series_uuid, name)),
    )
    .sort();
  expect(found).toEqual(wanted);
  for (const { aws_bucket, collection_id, crdc_series_uuid } of expected) {
    for (const name of fs.readdirSync(path.join(buckets, aws_bucket, crdc_series_uuid))) {
      const here = path.join(work, 'dicom', collection_id, crdc_series_uuid, name);
      expect(digest(here)).toBe(digest(path.join(buckets, aws_bucket, crdc_series_uuid, name)));
    }
  }
}

const gets = (): StoreRequest[] => store.requests.filter(({ kind }) => kind === 'get');

describe('retrieval', () => {
  it('brings every instance, each once, over listings of several pages', async () => {
    const { counts, failed } = await fetchWith();
    expect(failed).toEqual([]);
    expectWhole(series);
    const instances = series.reduce((sum, each) => sum + each.instances, 0);
    expect(counts).toEqual({
      series: 4,
      objects: instances,
      bytes: series.reduce((sum, s) => sum + s.bytes, 0),
    });
    expect(gets()).toHaveLength(instances);

    await store.close();
    expect((await fetchWith()).counts).toEqual({ series: 4, objects: 0, bytes: 0 });
    expect(store.requests).toEqual([]);
  });

  it('goes on after a connection that broke, from the byte where it broke', async () => {
    const { counts, failed } = await fetchWith(({ kind, attempt }) =>
      kind === 'get' && attempt === 1 ? { resetAfter: 9000 } : undefined,
    );
    expect(failed).toEqual([]);
    expectWhole(series);
    const again = gets().filter(({ attempt }) => attempt === 2);
    expect(again.length).toBeGreaterThan(70);
    expect(again.filter(({ range }) => range === 'bytes=9000-').length).toBeGreaterThan(again.length / 2);
    // What had come but was not written yet may come twice.
    const total = series.reduce((sum, s) => sum + s.bytes, 0);
    expect(counts.bytes).toBeGreaterThanOrEqual(total);
    expect(counts.bytes).toBeLessThan(total * 1.1);
  });

  it('tries again when the store is busy or silent, and gives up a series at the last try', async () => {
    const dead = series[1]!.crdc_series_uuid;
    const { counts, failed } = await fetchWith(({ kind, key, attempt }) => {
      if (key.startsWith(dead)) return kind === 'get' ? { status: 503 } : undefined;
      if (kind === 'list') return attempt === 1 ? { status: 500 } : undefined;
      return attempt === 1 && key.endsWith('0.dcm') ? { status: 429 } : undefined;
    });
    expect(failed).toMatchObject([{ crdc_series_uuid: dead, kind: 'transient' }]);
    expect(gets().filter(({ key }) => key.startsWith(dead))).toHaveLength(4);
    expect(counts['retried-transient']).toBeGreaterThan(5);
    expectWhole(series.filter(({ crdc_series_uuid }) => crdc_series_uuid !== dead));
  });

  it('takes no silence for an answer', async () => {
    const [first] = series;
    store = await serveIdcStore(buckets, ({ kind, attempt }) =>
      kind === 'get' && attempt === 1 ? { silent: true } : undefined,
    );
    const options = { endpoint: store.endpoint, concurrency: 1, tries: 2, pauseMs: 1, idleMs: 100 };
    const { failed, counts } = await fetchAll({ work, series: [first!], options });
    expect(failed).toEqual([]);
    expect(counts['retried-transient']).toBe(first!.instances);
    expectWhole([first!]);
  });

  it('never tries again what is not there or not allowed, and leaves those series out', async () => {
    const [gone, secret, short] = series.map(({ crdc_series_uuid }) => crdc_series_uuid);
    const before = series;
    series = series.map((each) =>
      each.crdc_series_uuid === short ? { ...each, instances: each.instances + 1 } : each,
    );
    const { failed } = await fetchWith(({ kind, key }) => {
      if (key.startsWith(gone!)) return { status: 404 };
      return kind === 'get' && key.startsWith(secret!) ? { status: 403 } : undefined;
    });
    series = before;
    expect(new Map(failed.map(({ crdc_series_uuid, kind }) => [crdc_series_uuid, kind]))).toEqual(
      new Map([
        [gone, 'missing'],
        [secret, 'refused'],
        [short, 'malformed'],
      ]),
    );
    expect(store.requests.every(({ attempt, kind }) => kind === 'list' || attempt === 1)).toBe(true);
    expectWhole([series[3]!]);
    expect(JSON.parse(fs.readFileSync(path.join(work, 'fetch-failures.json'), 'utf8'))).toHaveLength(3);
  });

  it('throws away bytes that are not those of the listing, and an old part of another object', async () => {
    const [first] = series;
    const incoming = path.join(work, 'incoming', first!.crdc_series_uuid);
    fs.mkdirSync(incoming, { recursive: true });
    const [name] = fs.readdirSync(path.join(buckets, first!.aws_bucket, first!.crdc_series_uuid));
    fs.writeFileSync(path.join(incoming, `${name}.part`), Buffer.alloc(500, 1));
    const { counts, failed } = await fetchWith(({ kind, attempt, key }) =>
      kind === 'get' && attempt === 1 && !key.startsWith(first!.crdc_series_uuid)
        ? { corrupt: true }
        : undefined,
    );
    expect(failed).toEqual([]);
    const others = series.slice(1).reduce((sum, { instances }) => sum + instances, 0);
    expect(counts['retried-changed']).toBe(others + 1);
    expectWhole(series);
  });

  it.skipIf(!fs.existsSync('/dev/full'))('stops everything when the disk is full', async () => {
    for (const { aws_bucket, crdc_series_uuid } of series.slice(0, 2)) {
      const incoming = path.join(work, 'incoming', crdc_series_uuid);
      fs.mkdirSync(incoming, { recursive: true });
      const [name] = fs.readdirSync(path.join(buckets, aws_bucket, crdc_series_uuid)).sort();
      fs.symlinkSync('/dev/full', path.join(incoming, `${name}.part`));
    }
    await expect(fetchWith()).rejects.toMatchObject({ name: 'StoreError', kind: 'disk' });
    const touched = new Set(store.requests.map(({ key }) => key.split('/')[0]));
    expect(touched.size).toBe(2);
    expect(gets()).toHaveLength(2);
  });
});

it('survives being killed: what was whole is not fetched again, what was begun goes on', async () => {
  store = await serveIdcStore(buckets, ({ kind }) => (kind === 'get' ? { bytesPerTick: 6000 } : undefined));
  fs.writeFileSync(path.join(work, 'selection.json'), JSON.stringify({ series }));
  const args = ['--steps', 'fetch', '--work', work, '--endpoint', store.endpoint, '--concurrency', '2'];
  const start = () =>
    spawn(process.execPath, [path.join(exampleFolder, 'run.mjs'), ...args], { stdio: 'ignore' });
  // A kill in the midst of an object, not between two.
  const hasPart = () =>
    fs.readdirSync(path.join(work, 'incoming'), { recursive: true, withFileTypes: true }).some(
      (entry) =>
        // It gets its final name at any moment.
        entry.name.endsWith('.part') &&
        (fs.statSync(path.join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0) > 0,
    );
  fs.mkdirSync(path.join(work, 'incoming'));
  let kills = 0;
  for (let round = 1; round <= 3; round++) {
    const program = start();
    const ended = once(program, 'exit');
    const target = round * 20;
    while ((gets().length < target || !hasPart()) && program.exitCode === null) await sleep(2);
    program.kill('SIGKILL');
    const [, signal] = await ended;
    if (signal === 'SIGKILL') kills += 1;
  }
  expect(kills).toBe(3);
  const [code] = await once(start(), 'exit');
  expect(code).toBe(0);
  expectWhole(series);
  const instances = series.reduce((sum, each) => sum + each.instances, 0);
  const repeated = gets().length - instances;
  // At most the two under way at each kill are asked for again, and those from where they were.
  expect(repeated).toBeLessThanOrEqual(kills * 2);
  expect(gets().filter(({ range }) => range !== null).length).toBeGreaterThan(0);
  expect(fs.readdirSync(path.join(work, 'incoming'))).toEqual([]);
});
