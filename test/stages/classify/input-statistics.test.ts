import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeInput, STATISTIC_NAMES, spreadOut } from '../../../stages/classify/input-statistics.ts';
import { encodeNpy } from '../../../stages/preprocess/npy.ts';
import { describeWithOracle, runOracle } from '../../oracles/python.ts';

type Shape = [number, number, number];

/** Grey levels from a function of the position, and a little noise from a generator. */
function makeTensor(shape: Shape, level: (z: number, y: number, x: number) => number, noise: number) {
  const tensor = new Uint8Array(shape[0] * shape[1] * shape[2]);
  let state = 7;
  for (let at = 0; at < tensor.length; at++) {
    const x = at % shape[2];
    const y = Math.floor(at / shape[2]) % shape[1];
    const z = Math.floor(at / (shape[1] * shape[2]));
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    tensor[at] = Math.min(255, Math.max(0, level(z, y, x) + (state / 2 ** 32 - 0.5) * noise));
  }
  return tensor;
}

const SHAPE: Shape = [24, 30, 41];
const body = (z: number, y: number, x: number) => {
  const radius = Math.hypot((y - 14) / 14, (x - 18) / (15 + z / 6));
  if (radius > 1) return 4;
  if (radius > 0.85) return 163;
  return radius < 0.2 ? 250 : radius < 0.5 && y < 12 ? 40 : 190;
};
const TENSORS: Record<string, Uint8Array> = {
  body: makeTensor(SHAPE, body, 12),
  noise: makeTensor(SHAPE, () => 128, 255),
  constant: makeTensor(SHAPE, () => 200, 0),
  nothing: makeTensor(SHAPE, () => 0, 0),
};

describe('describeInput', () => {
  test('tells body, noise and nothing apart', () => {
    const of = (name: string) => {
      const { values, ...voxels } = describeInput(TENSORS[name]!, SHAPE);
      const named: Record<string, number> = Object.fromEntries(
        STATISTIC_NAMES.map((key, k) => [key, values[k]!]),
      );
      return Object.assign(named, voxels);
    };
    expect(of('nothing')).toMatchObject({ mean: 0, spread: 0, air: 1, body: 0, emptyAir: 1 });
    expect(of('constant')).toMatchObject({ spread: 0, body: 1, enhanced: 1, bone: 0, neighbourLikeness: 1 });
    expect(Math.abs(of('noise').neighbourLikeness)).toBeLessThan(0.2);
    expect(of('body').neighbourLikeness).toBeGreaterThan(0.9);
    expect(of('body').bone).toBeGreaterThan(0.01);
  });
});

describeWithOracle('describeInput and models/training', () => {
  test('give the same numbers', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'input-statistics-'));
    try {
      const files = Object.entries(TENSORS).map(([name, tensor]) => {
        const file = path.join(folder, `${name}.npy`);
        fs.writeFileSync(file, encodeNpy(tensor, SHAPE));
        return file;
      });
      const expected = runOracle('input_statistics.py', files) as {
        names: string[];
        values: number[];
        spread_out: number[];
        voxels: [number, number];
      }[];
      for (const [index, tensor] of Object.values(TENSORS).entries()) {
        const { names, values, spread_out: spread, voxels } = expected[index]!;
        const found = describeInput(tensor, SHAPE);
        expect(names).toEqual([...STATISTIC_NAMES]);
        for (const [k, value] of values.entries()) expect(found.values[k], names[k]!).toBeCloseTo(value, 9);
        for (const [k, value] of spreadOut(found.values).entries()) expect(value).toBeCloseTo(spread[k]!, 6);
        expect(found.emptyAir).toBeCloseTo(voxels[0], 9);
        expect(found.neighbourLikeness).toBeCloseTo(voxels[1], 9);
      }
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});
