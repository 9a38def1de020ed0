import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeNpy, encodeNpy, NpyError } from '../../../stages/preprocess/npy.ts';
import { describeWithOracle, runOracle } from '../../oracles/python.ts';

const SHAPES = [[4, 3, 5], [7], [], [128, 2], [0, 3]];

/** 0, 1, 2 … modulo 251. */
function countUp(shape: number[]): Uint8Array {
  return Uint8Array.from({ length: shape.reduce((product, n) => product * n, 1) }, (_, i) => i % 251);
}

describe('encodeNpy and decodeNpy', () => {
  it.each(SHAPES.map((shape) => ({ shape })))('are inverse for shape $shape', ({ shape }) => {
    const bytes = encodeNpy(countUp(shape), shape);
    expect((bytes.length - countUp(shape).length) % 64).toBe(0);
    expect(decodeNpy(bytes)).toEqual({ data: countUp(shape), shape });
  });

  it('read from the middle of a larger buffer', () => {
    const bytes = encodeNpy(countUp([2, 3]), [2, 3]);
    const larger = new Uint8Array(bytes.length + 5);
    larger.set(bytes, 5);
    expect(decodeNpy(larger.subarray(5)).data).toEqual(countUp([2, 3]));
  });

  it('refuse a shape that does not fit, and other bytes', () => {
    const good = encodeNpy(countUp([2, 3]), [2, 3]);
    expect(() => encodeNpy(countUp([2, 3]), [2, 4])).toThrow(NpyError);
    expect(() => decodeNpy(good.subarray(0, good.length - 1))).toThrow(
      expect.objectContaining({ code: 'npy-shape-mismatch' }),
    );
    const text = Buffer.from(good).toString('latin1');
    for (const damaged of [
      text.slice(1),
      text.slice(0, 9),
      text.replace('|u1', '<u2'),
      text.replace('False', 'True '),
      text.replace('\x01\x00', '\x02\x00'),
    ])
      expect(() => decodeNpy(Buffer.from(damaged, 'latin1'))).toThrow(
        expect.objectContaining({ code: 'npy-invalid' }),
      );
  });
});

describeWithOracle('NPY files beside numpy', () => {
  it.each(SHAPES.map((shape) => ({ shape })))('are the same bytes for shape $shape', ({ shape }) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-npy-'));
    try {
      const [ours, theirs] = [path.join(folder, 'ours.npy'), path.join(folder, 'theirs.npy')];
      fs.writeFileSync(ours, encodeNpy(countUp(shape), shape));
      expect(runOracle('numpy_npy.py', [ours, theirs, JSON.stringify(shape)])).toEqual({
        dtype: '|u1',
        shape,
        contiguous: true,
        values: [...countUp(shape)],
      });
      expect(fs.readFileSync(ours).equals(fs.readFileSync(theirs))).toBe(true);
      expect(decodeNpy(fs.readFileSync(theirs)).shape).toEqual(shape);
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });
});
