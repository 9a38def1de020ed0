import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedDataDir } from '../../fixtures/shared-data.ts';
import { oraclePython, runOracle } from '../../oracles/python.ts';
import { decodeSlice } from './dicom-slices.ts';
import { loadResampler, preprocess } from './volumes.ts';

const shared = sharedDataDir();
const describeWithData = shared === null || oraclePython() === null ? describe.skip : describe;

/** Real stacks: signed and unsigned, explicit and implicit, by file name (the order matters to neither side). */
const GROUPS = [
  'head_ge_tilt18_varspacing',
  'chest_lidc0001_missing_slices',
  'abdomen_kits72_arterial',
  'derived_coronal_acrin',
];

describeWithData('preprocessVolume on real slices beside pydicom', () => {
  it('is at most one grey level off, and under 0.01 in the mean', async () => {
    const resampler = await loadResampler();
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-real-'));
    try {
      const requests = [];
      for (const group of GROUPS) {
        const directory = path.join(shared!, 'ct-dicom', group);
        const files = fs
          .readdirSync(directory)
          .filter((name) => name.endsWith('.dcm'))
          .sort()
          .map((name) => path.join(directory, name));
        const decoded = await Promise.all(files.map((file) => decodeSlice(fs.readFileSync(file))));
        const { rows, columns } = decoded[0]!.format;
        const shape: [number, number, number] = [16, 224, 224];
        const windowHu: [number, number] = [-1000, 400];
        const volume = {
          rows,
          columns,
          slices: decoded.map(({ values }) => values),
          slopes: decoded.map(({ rescaleSlope }) => rescaleSlope),
          intercepts: decoded.map(({ rescaleIntercept }) => rescaleIntercept),
        };
        const tensor = path.join(folder, group);
        fs.writeFileSync(tensor, preprocess(resampler, volume, { windowHu, shape }));
        requests.push({ files, tensor, windowHu, shape });
      }
      const results = runOracle('preprocess_volume.py', [], JSON.stringify(requests)) as {
        cv2: { largest: number; mean: number };
        scipy: { largest: number; mean: number };
        spread: number;
      }[];
      expect(results).toHaveLength(GROUPS.length);
      for (const [i, { cv2, scipy, spread }] of results.entries()) {
        expect(spread, GROUPS[i]).toBeGreaterThan(200);
        for (const judge of [cv2, scipy]) {
          expect(judge.largest, GROUPS[i]).toBeLessThanOrEqual(1);
          expect(judge.mean, GROUPS[i]).toBeLessThan(0.01);
        }
      }
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });
});
