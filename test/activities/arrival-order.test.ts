/** The order in which files arrive changes nothing, and what contradicts itself gets fixed verdicts (#7). */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { StageContext } from '../../activities/context.ts';
import { deidentifyBatch } from '../../activities/deidentify.ts';
import { groupBatch, readGroups, readRecords } from '../../activities/group.ts';
import { makeRandom } from '../../demo/random.ts';
import { loadPipeline } from '../../pipelines/load.ts';
import { makeFolder, SHIPPED_PIPELINE } from '../e2e/run-folders.ts';
import { discover, encodeSlice, openStages } from '../fixtures/stage-run.ts';

const ORDERS = 100;
let folder: string;
beforeEach(() => {
  folder = makeFolder('order');
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

interface Slice {
  series?: number;
  slice: number;
  patient?: string;
  frameOfReference?: number;
  level?: number;
}

/** A slice of 16 × 16; those of one study, three series of six slices, unless it says otherwise. */
function makeSlice({
  series = 1,
  slice,
  patient = 'ZZTEST-1',
  frameOfReference = 1,
  level = 1_000,
}: Slice): Buffer {
  const pixels = Buffer.alloc(512);
  for (let at = 0; at < 512; at += 2) pixels.writeUInt16LE(level + ((at * 7 + slice) % 50), at);
  return encodeSlice({
    patient,
    study: '2.999.7.1',
    series: `2.999.7.1.${series}`,
    instance: `2.999.7.1.${series}.${slice}`,
    frameOfReference: `2.999.7.9.${frameOfReference}`,
    number: slice,
    pixels,
  });
}

const stack = (slice: Omit<Slice, 'slice'> = {}) =>
  Array.from({ length: 6 }, (_, index) => makeSlice({ ...slice, slice: index + 1 }));

type NamedFile = readonly [name: string, bytes: Buffer];

/** Takes the members of a TAR, which arrive in their order, through the stages up to group. */
async function groupInOrder(files: readonly NamedFile[]): Promise<StageContext> {
  const run = fs.mkdtempSync(path.join(folder, 'run-'));
  const tar = pack();
  for (const [name, bytes] of files) tar.entry({ name, mtime: new Date(0) }, bytes);
  tar.finalize();
  const input = path.join(run, 'input.tar');
  fs.writeFileSync(input, await buffer(tar));
  fs.utimesSync(input, 0, 0);
  const state = path.join(run, 'state');
  fs.mkdirSync(state, { mode: 0o700 });
  fs.writeFileSync(path.join(state, 'project.key'), '07'.repeat(32), { mode: 0o600 });
  const { pipeline } = await loadPipeline(fs.readFileSync(SHIPPED_PIPELINE, 'utf8'), SHIPPED_PIPELINE);
  const context = await openStages(run, input, pipeline);
  expect(await discover(context)).toBe(1);
  await deidentifyBatch(context, 0, 'bundle');
  await groupBatch(context, 0, 'bundle');
  return context;
}

function shuffle(files: readonly NamedFile[], seed: number): NamedFile[] {
  const { integer } = makeRandom(seed, 0x0bde5);
  const order = [...files];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = integer(0, last);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}

const name = (files: readonly Buffer[]): NamedFile[] =>
  files.map((bytes, index) => [`${String(index).padStart(3, '0')}.dcm`, bytes]);

/** Verdicts in the order of the files' names, as `disposition` or `disposition reason`, counted. */
async function countVerdicts(files: readonly Buffer[]): Promise<Record<string, number>> {
  const { verdicts } = await readGroups(await groupInOrder(name(files)), 0);
  const counts: Record<string, number> = {};
  for (const { disposition, reason } of Object.values(verdicts)) {
    const words = reason === null ? disposition : `${disposition} ${reason}`;
    counts[words] = (counts[words] ?? 0) + 1;
  }
  return counts;
}

it(`gives one digest for ${ORDERS} orders of arrival`, async () => {
  const files = name([
    ...stack(),
    ...stack({ series: 2 }),
    // Copies, contradictions, strays: what an order could decide.
    makeSlice({ slice: 3 }),
    makeSlice({ series: 2, slice: 4, level: 900 }),
    makeSlice({ series: 3, slice: 1 }),
    Buffer.from('no image'),
  ]);
  const digests = new Set<string>();
  for (let seed = 0; seed < ORDERS; seed += 1) {
    const context = await groupInOrder(shuffle(files, seed));
    const result = [[...(await readRecords(context, 0))], await readGroups(context, 0)];
    digests.add(createHash('sha256').update(JSON.stringify(result)).digest('hex'));
  }
  expect(digests.size).toBe(1);
});

it('keeps one of two equal files of an instance, and neither of two that differ', async () => {
  expect(await countVerdicts([...stack(), makeSlice({ slice: 3 })])).toEqual({
    kept: 6,
    'duplicate duplicate-instance': 1,
  });
  expect(await countVerdicts([...stack(), makeSlice({ slice: 6, level: 900 })])).toEqual({
    kept: 5,
    'quarantined conflicting-instances': 2,
  });
});

it('quarantines a study of two patients', async () => {
  expect(await countVerdicts([...stack(), ...stack({ series: 2, patient: 'ZZTEST-2' })])).toEqual({
    'quarantined patient-mismatch': 12,
  });
});

it('makes units of their own of two frames of reference in one series', async () => {
  const other = Array.from({ length: 6 }, (_, index) =>
    makeSlice({ slice: index + 11, frameOfReference: 2 }),
  );
  const files = name([...stack(), ...other]);
  const { units } = await readGroups(await groupInOrder(files), 0);
  expect(units.map(({ disposition, slices }) => [disposition, slices.length])).toEqual([
    ['kept', 6],
    ['kept', 6],
  ]);
});
