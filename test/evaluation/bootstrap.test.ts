import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  computePoint,
  estimateStatistics,
  type StatisticPlan,
  visitResamples,
} from '../../evaluation/bootstrap.ts';
import { createRandom, drawCounts } from '../../evaluation/random.ts';

/** Mean of a column, and what one round drew. */
function planMean(values: number[], seen: Uint32Array[] = []): StatisticPlan {
  return {
    names: ['mean', 'share_of_first'],
    rowCount: values.length,
    compute(weights, out) {
      seen.push(weights.slice());
      let total = 0;
      let sum = 0;
      values.forEach((value, row) => {
        total += weights[row]!;
        sum += weights[row]! * value;
      });
      out[0] = sum / total;
      out[1] = weights[0]! > 0 ? weights[0]! / total : Number.NaN;
    },
  };
}

describe('the bootstrap', () => {
  test('every resample draws as many clusters as there are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 0, max: 2 ** 40 }), (size, seed) => {
        const counts = new Uint32Array(size);
        drawCounts(createRandom(seed, 'test'), counts);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(size);
      }),
    );
  });

  test('draws are uniform: chi-square over many resamples', () => {
    const random = createRandom(3, 'uniform');
    const counts = new Uint32Array(50);
    const sums = new Float64Array(50);
    for (let round = 0; round < 2000; round++) {
      drawCounts(random, counts);
      for (const [i, count] of counts.entries()) sums[i]! += count;
    }
    const chiSquare = sums.reduce((sum, observed) => sum + (observed - 2000) ** 2 / 2000, 0);
    // 49 degrees of freedom: 99.9% below 85.4.
    expect(chiSquare).toBeLessThan(85.4);
    expect(chiSquare).toBeGreaterThan(20);
  });

  test('whole clusters are drawn: rows of one cluster always count alike', () => {
    const seen: Uint32Array[] = [];
    const clusters = Int32Array.of(0, 1, 0, 2, 1, 0);
    visitResamples(
      planMean([1, 2, 3, 4, 5, 6], seen),
      { rounds: 50, seed: 1, purpose: 'clusters', clusters, clusterCount: 3 },
      () => {},
    );
    for (const weights of seen) {
      expect(weights[0]).toBe(weights[2]);
      expect(weights[0]).toBe(weights[5]);
      expect(weights[1]).toBe(weights[4]);
      expect(weights[0]! + weights[1]! + weights[3]!).toBe(3);
    }
    expect(seen).toHaveLength(50);
  });

  test('the same seed gives the same intervals, another seed or purpose others', () => {
    const plan = planMean(Array.from({ length: 200 }, (_, i) => Math.sin(i)));
    const estimate = (seed: number, purpose: string): unknown =>
      estimateStatistics(plan, { rounds: 200, seed, purpose }).get('mean');
    expect(estimate(1, 'a')).toEqual(estimate(1, 'a'));
    expect(estimate(1, 'a')).not.toEqual(estimate(2, 'a'));
    expect(estimate(1, 'a')).not.toEqual(estimate(1, 'b'));
  });

  test('the interval of a mean is the normal one', () => {
    const values = Array.from({ length: 400 }, (_, i) => ((i * 7919) % 400) / 400);
    const { value, low, high } = estimateStatistics(planMean(values), {
      rounds: 4000,
      seed: 5,
      purpose: 'normal',
    }).get('mean')!;
    const standardError = Math.sqrt((400 ** 2 - 1) / 12) / 400 / Math.sqrt(400);
    expect(low! - (value! - 1.96 * standardError)).toBeCloseTo(0, 2);
    expect(high! - (value! + 1.96 * standardError)).toBeCloseTo(0, 2);
  });

  test('rounds in which a statistic is undefined are left out and counted', () => {
    const estimate = estimateStatistics(planMean([1, 2, 3]), { rounds: 1000, seed: 1, purpose: 'undefined' });
    const first = estimate.get('share_of_first')!;
    // (2/3)³ of the rounds do not draw the first row.
    expect(first.undefined_rounds! / 1000).toBeCloseTo(8 / 27, 1);
    expect(first.low).toBeGreaterThan(0);
    expect(estimate.get('mean')!.undefined_rounds).toBeUndefined();
  });

  test('no rounds, no interval', () => {
    const plan = planMean([1, 2]);
    expect(estimateStatistics(plan, { rounds: 0, seed: 1, purpose: 'none' }).get('mean')).toEqual({
      value: 1.5,
      low: null,
      high: null,
    });
    expect(computePoint(plan)[1]).toBe(0.5);
  });
});
