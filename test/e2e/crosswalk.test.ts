import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ArchiveTruth, makeArchive } from '../../demo/archive.ts';
import { openManifest } from '../../manifest/query.ts';
import { runProgram } from '../cli/program.ts';
import { digestOutput, findStrings, makeFolder, RUN_TIMEOUT_MS, SHIPPED_PIPELINE } from './run-folders.ts';

/** A run that keeps a crosswalk, and the way back from its manifest. */
const folder = makeFolder('crosswalk-run');
const state = path.join(folder, 'state');
const output = path.join(folder, 'output');
let truth: ArchiveTruth;

beforeAll(async () => {
  truth = await makeArchive(path.join(folder, 'input'), { seed: 5, series: 3, slices: 8 });
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

function run() {
  const input = path.join(folder, 'input');
  const args = ['run', SHIPPED_PIPELINE, '--input', input, '--output', output, '--state', state, '--json'];
  const result = runProgram([...args, '--set', 'deidentify.crosswalk=true'], {}, RUN_TIMEOUT_MS);
  expect(result.exitCode, result.stderr).toBe(0);
  return JSON.parse(result.stdout);
}

const lookUp = (...args: string[]) =>
  JSON.parse(runProgram(['crosswalk', 'lookup', ...args, '--state', state, '--json']).stdout).found;

it('leads from every patient and series of the manifest to its source, is made again when it is gone, and is readable to nobody', async () => {
  run();
  const manifest = await openManifest(output);
  const { rows } = await manifest.query('SELECT DISTINCT patient_id, series_instance_uid FROM series');
  await manifest.close();
  expect(rows).toHaveLength(3);
  const [row] = rows as { patient_id: string; series_instance_uid: string }[];
  const [patient] = lookUp(row!.patient_id);
  const [series] = lookUp(row!.series_instance_uid);
  const expected = truth.series.find(({ seriesInstanceUid }) => seriesInstanceUid === series.source);
  expect(expected?.patientId).toBe(patient.source);
  expect(lookUp('--source', series.source)[0].pseudonym).toBe(row!.series_instance_uid);

  const identifiers = truth.series.flatMap((each) => [
    each.patientId,
    each.studyInstanceUid,
    each.seriesInstanceUid,
  ]);
  expect(findStrings([state, output], identifiers)).toEqual([]);

  const before = digestOutput(output);
  expect(run().unchanged).toBe(true);
  fs.rmSync(path.join(state, 'crosswalk'), { recursive: true });
  expect(run().unchanged).toBe(false);
  expect(lookUp(row!.patient_id)[0].source).toBe(patient.source);
  expect(digestOutput(output)).toEqual(before);
});
