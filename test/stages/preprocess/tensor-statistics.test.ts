import { expect, it } from 'vitest';
import { describeTensor } from '../../../stages/preprocess/tensor-statistics.ts';

it('describes a tensor by mean, deviation, air and saturation', () => {
  const statistics = describeTensor(Uint8Array.of(0, 12, 13, 255, 255, 65, 0, 200));
  expect(statistics.mean).toBe(100);
  expect(statistics.standardDeviation).toBeCloseTo(
    Math.sqrt((20000 + 88 ** 2 + 87 ** 2 + 2 * 155 ** 2 + 35 ** 2 + 100 ** 2) / 8),
    10,
  );
  expect(statistics.airFraction).toBe(3 / 8);
  expect(statistics.saturatedFraction).toBe(2 / 8);
});

it('finds no deviation in a constant tensor', () => {
  expect(describeTensor(new Uint8Array(1000).fill(77))).toEqual({
    mean: 77,
    standardDeviation: 0,
    airFraction: 0,
    saturatedFraction: 0,
  });
});
