import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readDicom } from '../../dicom/read.ts';
import { TAGS } from '../../dicom/tags.ts';
import { valueBytes } from '../../dicom/values.ts';
import { type Manifest, openManifest } from '../../manifest/query.ts';
import { createPseudonymizer } from '../../stages/deidentify/pseudonyms.ts';
import { decodeNpy } from '../../stages/preprocess/npy.ts';
import { runProgram } from '../cli/program.ts';
import { sharedDicomDir } from '../fixtures/shared-dicom.ts';
import { describeWithOracle, runOracle } from '../oracles/python.ts';
import { makeFolder, RUN_TIMEOUT_MS, SHIPPED_PIPELINE } from './run-folders.ts';

const data = sharedDicomDir();
const suite = data === null ? describeWithOracle.skip : describeWithOracle;

/** Columns of a unit that follow from its slices, whatever they are stored in. */
const GEOMETRY = [
  'instance_count',
  'rows',
  'columns',
  'pixel_spacing_mm',
  'slice_spacing_mm',
  'slice_spacing_regular',
  'slice_gap_count',
  'gantry_tilt_deg',
  'image_orientation_patient',
  'axis_geometry',
  'coverage_mm',
  'kvp',
];

const KEPT = [
  'enhanced-native',
  'enhanced-jpeg-2000',
  'enhanced-jpeg-ls-fragments',
  'legacy-native',
  'legacy-rle-extended-table',
];

/**
 * A real head with gantry tilt and changes of spacing, as single slices and as Enhanced and Legacy Converted Enhanced
 * CT with frames in a shuffled order, through the whole program.
 */
suite('multi-frame CT in a run', () => {
  const folder = makeFolder('multi-frame');
  const input = path.join(folder, 'input');
  const output = path.join(folder, 'output');
  const state = path.join(folder, 'state');
  let result: ReturnType<typeof runProgram>;
  let manifest: Manifest;
  let pseudonymOf: (name: string) => string;

  beforeAll(async () => {
    const patients = runOracle('enhanced_ct.py', [
      path.join(data!, 'head_ge_tilt18_varspacing'),
      input,
    ]) as Record<string, string>;
    const args = ['--input', input, '--output', output, '--state', state, '--set', 'publish.tensors=true'];
    result = runProgram(['run', SHIPPED_PIPELINE, ...args, '--json'], {}, RUN_TIMEOUT_MS);
    manifest = await openManifest(output);
    const key = Buffer.from(fs.readFileSync(path.join(state, 'project.key'), 'utf8').trim(), 'hex');
    const pseudonymizer = createPseudonymizer(key);
    pseudonymOf = (name) => pseudonymizer.patientId(patients[name]!, null, '');
  }, RUN_TIMEOUT_MS);

  afterAll(async () => {
    await manifest?.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const unitsOf = async (name: string) => {
    const { rows } = await manifest.query(
      `SELECT * FROM series WHERE patient_id = '${pseudonymOf(name)}' ORDER BY series_unit`,
    );
    return rows;
  };
  const tensorOf = async (name: string) => {
    const [unit] = await unitsOf(name);
    return decodeNpy(fs.readFileSync(path.join(output, 'tensors', `${String(unit!.series_unit)}.npy`))).data;
  };

  it('gives each object one unit, of the same geometry as the single slices', async () => {
    expect(result.exitCode, result.stderr).toBe(0);
    const [single] = await unitsOf('single');
    expect(single).toMatchObject({ instance_count: 28, axis_geometry: 'axial', disposition: 'kept' });
    const pick = (row: Record<string, unknown>) =>
      Object.fromEntries(GEOMETRY.map((column) => [column, row[column]]));
    for (const name of KEPT) {
      const units = await unitsOf(name);
      expect(
        units.map((unit) => [unit.disposition, unit.reason]),
        name,
      ).toEqual([['kept', null]]);
      expect(pick(units[0]!), name).toEqual(pick(single!));
    }
  });

  it('gives each the tensor of the single slices, to one grey level, and the same labels', async () => {
    const single = await tensorOf('single');
    expect(new Set(single).size).toBeGreaterThan(200);
    const labelsOf = async (name: string) => {
      const [unit] = await unitsOf(name);
      return [unit!.body_part, unit!.axis, unit!.contrast];
    };
    for (const name of KEPT) {
      const tensor = await tensorOf(name);
      const worst = tensor.reduce((most, value, at) => Math.max(most, Math.abs(value - single[at]!)), 0);
      expect(worst, name).toBeLessThanOrEqual(1);
      expect(await labelsOf(name), name).toEqual(await labelsOf('single'));
    }
  });

  it('publishes the encapsulated bytes of the source', async () => {
    for (const name of KEPT) {
      const { rows } = await manifest.query(
        `SELECT output_path FROM instances WHERE patient_id = '${pseudonymOf(name)}'`,
      );
      expect(rows).toHaveLength(1);
      const pixelDataAt = (file: string) => {
        const parsed = readDicom(fs.readFileSync(file));
        const element = parsed.dataset.elements.get(TAGS.PixelData)!;
        return Buffer.from(valueBytes(parsed, element));
      };
      const published = pixelDataAt(path.join(output, String(rows[0]!.output_path)));
      expect(published.equals(pixelDataAt(path.join(input, name, 'image.dcm'))), name).toBe(true);
    }
  });

  it('quarantines what has no rescale in its functional groups, or one to something else', async () => {
    for (const [name, reason] of [
      ['no-rescale', 'rescale-missing'],
      ['rescale-of-other-type', 'rescale-not-hu'],
    ] as const) {
      const { rows } = await manifest.query(
        `SELECT disposition, reason FROM instances WHERE patient_id = '${pseudonymOf(name)}'`,
      );
      expect(rows, name).toEqual([{ disposition: 'quarantined', reason }]);
      expect((await unitsOf(name)).filter((unit) => unit.disposition === 'kept')).toEqual([]);
    }
  });
});
