/** Late arrivals and conflicts redo only what they touch (#7). */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createStageContext, type StageContext } from '../../activities/context.ts';
import { batchKeyOf, deidentifyBatch } from '../../activities/deidentify.ts';
import { listSourceFiles, planBatches, scanHeaders } from '../../activities/discover.ts';
import { readRecords } from '../../activities/group.ts';
import { RunFiles, runKeyOf } from '../../activities/store/run-files.ts';
import { openState } from '../../activities/store/state.ts';
import { encodeDicomFile } from '../../demo/dicom-writer.ts';
import { pipelineSchema } from '../../pipelines/schema.ts';
import { batchOf } from '../../stages/discover/assign-batches.ts';
import { makeFolder } from '../e2e/run-folders.ts';

const folder = makeFolder('incremental-batches');
const input = path.join(folder, 'input');
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const instanceUid = (study: number, slice: number) => `2.999.8.${study}.1.${slice}`;

/** A slice of 8 × 8; its time is fixed, so that only a new size makes it a changed file. */
function writeSlice(study: number, slice: number, sopInstanceUid = instanceUid(study, slice)): string {
  const file = path.join(input, `${study}-${slice}-${sopInstanceUid}.dcm`);
  const bytes = encodeDicomFile([
    [0x00080008, 'CS', ['ORIGINAL', 'PRIMARY', 'AXIAL']],
    [0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.2'],
    [0x00080018, 'UI', sopInstanceUid],
    [0x00080060, 'CS', 'CT'],
    [0x00100020, 'LO', `ZZTEST-${study}`],
    [0x0020000d, 'UI', `2.999.8.${study}`],
    [0x0020000e, 'UI', `2.999.8.${study}.1`],
    [0x00200013, 'IS', String(slice)],
    [0x00200032, 'DS', ['-160', '-160', String(2 * slice)]],
    [0x00200037, 'DS', ['1', '0', '0', '0', '1', '0']],
    [0x00280002, 'US', 1],
    [0x00280004, 'CS', 'MONOCHROME2'],
    [0x00280010, 'US', 8],
    [0x00280011, 'US', 8],
    [0x00280030, 'DS', ['20', '20']],
    [0x00280100, 'US', 16],
    [0x00280101, 'US', 12],
    [0x00280102, 'US', 11],
    [0x00280103, 'US', 0],
    [0x00281052, 'DS', '-1024'],
    [0x00281053, 'DS', '1'],
    [0x7fe00010, 'OW', Buffer.alloc(128, slice % 12)],
  ]);
  fs.writeFileSync(file, bytes);
  fs.utimesSync(file, 0, 0);
  return file;
}

async function openContext(): Promise<StageContext> {
  const output = path.join(folder, 'output');
  fs.mkdirSync(output, { recursive: true });
  const state = openState(path.join(folder, 'state'));
  const files = await RunFiles.open(state, runKeyOf(state, output));
  await files.writeSettings({ input, output, bundleFolder: folder });
  return createStageContext(state, runKeyOf(state, output), pipelineSchema.parse({ name: 'late' }));
}

/** @returns how many batches the input was cut into */
async function discover(context: StageContext): Promise<number> {
  const listing = await listSourceFiles(context);
  for (let shard = 0; shard < listing.shardCount; shard += 1) await scanHeaders(context, shard);
  return (await planBatches(context, listing)).batchCount;
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
  const context = await openContext();
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
