import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { encodeZarrArray, encodeZarrGroup } from '../../cohorts/zarr.ts';
import { encodeNpy } from '../../stages/preprocess/npy.ts';
import { describeWithOraclePackage, runOracle } from '../oracles/python.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-zarr-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

describeWithOraclePackage('zarr')('arrays read by the zarr library', () => {
  it('are the same, with a full chunk at the end or without', () => {
    const expected: Record<string, { tensor: string }> = {};
    const group = path.join(folder, 'tensors.zarr');
    for (const shape of [
      [64, 3, 5],
      [40, 3, 5],
      [7, 2, 2],
    ]) {
      const data = Uint8Array.from(
        { length: shape.reduce((a, b) => a * b, 1) },
        (_, i) => (i * 31 + 1) % 251,
      );
      const name = `a${shape[0]}`;
      for (const [file, bytes] of encodeZarrArray(data, shape)) {
        const target = path.join(group, name, file);
        fs.mkdirSync(path.dirname(target), { recursive: true });
        fs.writeFileSync(target, bytes);
      }
      expected[name] = { tensor: createHash('sha256').update(encodeNpy(data, shape)).digest('hex') };
    }
    fs.writeFileSync(path.join(group, 'zarr.json'), encodeZarrGroup({}));
    expect(runOracle('read_cohort.py', ['zarr', folder])).toEqual(expected);
  });
});
