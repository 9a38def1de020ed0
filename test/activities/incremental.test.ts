/** Late arrivals and conflicts redo only what they touch (#7). */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { StageContext } from '../../activities/context.ts';
import { batchKeyOf, deidentifyBatch } from '../../activities/deidentify.ts';
import { readRecords } from '../../activities/group.ts';
import { pipelineSchema } from '../../pipelines/schema.ts';
import { batchOf } from '../../stages/discover/assign-batches.ts';
import { makeFolder } from '../e2e/run-folders.ts';
import { discover, encodeSlice, openStages } from '../fixtures/stage-run.ts';

const folder = makeFolder('incremental-batches');
const input = path.join(folder, 'input');
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const instanceUid = (study: number, slice: number) => `2.999.8.${study}.1.${slice}`;

/** A slice of 8 × 8; its time is fixed, so that only a new size makes it a changed file. */
function writeSlice(study: number, slice: number, sopInstanceUid = instanceUid(study, slice)): string {
  const file = path.join(input, `${study}-${slice}-${sopInstanceUid}.dcm`);
  const bytes = encodeSlice({
    patient: `ZZTEST-${study}`,
    study: `2.999.8.${study}`,
    series: `2.999.8.${study}.1`,
    instance: sopInstanceUid,
    number: slice,
    pixels: Buffer.alloc(128, slice % 12),
  });
  fs.writeFileSync(file, bytes);
  fs.utimesSync(file, 0, 0);
  return file;
}

/** Digest of each de-identified instance, by source key. */
async function deidentifyAll(context: StageContext, batchCount: number): Promise<Map<string, string | null>> {
  const digests = new Map<string, string | null>();
  for (let batch = 0; batch < batchCount; batch += 1) {
    await deidentifyBatch(context, batch, '');
    for (const [key, record] of await readRecords(context, batch)) digests.set(key, record.outputSha256);
  }
  return digests;
}

it('de-identifies nothing again when late arrivals double the batches, and reruns only the batch of a conflict', async () => {
  fs.mkdirSync(input);
  const context = await openStages(folder, input, pipelineSchema.parse({ name: 'late' }));
  const early: string[] = [];
  for (let study = 0; study < 50; study += 1)
    for (let slice = 0; slice < 10; slice += 1) early.push(writeSlice(study, slice));
  expect(await discover(context)).toBe(1);
  const before = await deidentifyAll(context, 1);
  expect(before.size).toBe(500);
  expect([...before.values()]).not.toContain(null);

  // Whoever reads an early file again now finds other pixels behind the same size and time.
  for (const file of early) {
    const bytes = fs.readFileSync(file);
    bytes.fill(0x0d, bytes.length - 2);
    fs.writeFileSync(file, bytes);
    fs.utimesSync(file, 0, 0);
  }
  for (let study = 50; study < 100; study += 1)
    for (let slice = 0; slice < 22; slice += 1) writeSlice(study, slice);
  expect(await discover(context)).toBe(4);
  const after = await deidentifyAll(context, 4);
  expect(after.size).toBe(1_600);
  for (const [key, digest] of before) expect(after.get(key)).toBe(digest);

  // A file of one study claims an instance of another in the same batch.
  const batchOfStudy = (study: number) => batchOf(context.pseudonymizer.uid(`2.999.8.${study}`), 4);
  const home = batchOfStudy(0);
  const other = [...Array(100).keys()].find((study) => study > 0 && batchOfStudy(study) === home)!;
  const keys = async () => Promise.all([0, 1, 2, 3].map((batch) => batchKeyOf(context, batch, '')));
  const keysBefore = await keys();
  writeSlice(0, 99, instanceUid(other, 3));
  expect(await discover(context)).toBe(4);
  const keysAfter = await keys();
  expect([0, 1, 2, 3].filter((batch) => keysAfter[batch] !== keysBefore[batch])).toEqual([home]);
  await deidentifyBatch(context, home, '');
  const quarantined = [...(await readRecords(context, home)).values()].filter(
    ({ reason }) => reason === 'conflicting-instances',
  );
  expect(quarantined).toHaveLength(2);
});
