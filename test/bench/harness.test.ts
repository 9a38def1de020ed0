import { describe, expect, it } from 'vitest';
// @ts-expect-error: plain JavaScript
import { renderPage } from '../../bench/harness/page.mjs';
// @ts-expect-error: plain JavaScript
import { median, ratioOfMedians } from '../../bench/harness/statistics.mjs';

describe('median', () => {
  it('takes the middle, or the mean of both, and leaves its input alone', () => {
    const values = [9, 1, 5];
    expect(median(values)).toBe(5);
    expect(values).toEqual([9, 1, 5]);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });
});

describe('ratioOfMedians', () => {
  it('has no width where every round says the same, however loaded each was', () => {
    const base = [1, 2, 4, 8, 16];
    const { ratio, low, high } = ratioOfMedians(
      base.map((value) => 3 * value),
      base,
    );
    expect([ratio, low, high]).toEqual([3, 3, 3]);
  });

  it('holds the ratio of medians between bounds that the rounds span, the same at every call', () => {
    const values = [2.2, 1.9, 2.4, 2.0, 2.1];
    const base = [1.0, 1.1, 0.9, 1.05, 1.0];
    const measured = ratioOfMedians(values, base);
    expect(measured.ratio).toBeCloseTo(2.1, 12);
    expect(measured.low).toBeLessThan(measured.ratio);
    expect(measured.high).toBeGreaterThan(measured.ratio);
    expect(measured.low).toBeGreaterThanOrEqual(1.9 / 1.1);
    expect(measured.high).toBeLessThanOrEqual(2.4 / 0.9);
    expect(ratioOfMedians(values, base)).toEqual(measured);
  });

  it('refuses rounds that do not belong together', () => {
    expect(() => ratioOfMedians([1, 2], [1])).toThrow(RangeError);
    expect(() => ratioOfMedians([], [])).toThrow(RangeError);
  });
});

it('keeps rows that are lost and stages that failed on the page', () => {
  const ratio = (value: number) => ({ ratio: value, low: value, high: value });
  const tool = { note: null, version: '1.2.3', peakBytes: 2 ** 20, startUp: null };
  const page = renderPage({
    form: 'short',
    machine: { cpu: 'a CPU', cores: 2, node: 'v20', load: 9 },
    failures: [{ stage: 'scan', message: 'no peer' }],
    rows: [
      {
        ...{
          stage: 'preprocess',
          work: 'a stack',
          cache: 'warm',
          rounds: 5,
          load: [1, 2],
          base: 'serieswise',
        },
        ...{ agreement: 'equal', why: 'the peer is faster' },
        tools: [
          {
            ...tool,
            name: 'serieswise',
            role: 'ours',
            cpuSeconds: 1,
            wallSeconds: 1,
            cpu: ratio(1),
            wall: ratio(1),
          },
          {
            ...tool,
            name: 'peer',
            role: 'peer',
            cpuSeconds: 0.05,
            wallSeconds: 1,
            cpu: ratio(0.05),
            wall: ratio(1),
          },
        ],
        aims: [{ aim: 'aim', of: 'peer', key: 'cpu', atLeast: 0.4, measured: ratio(0.05), isReached: false }],
      },
    ],
  });
  expect(page).toContain(
    '| peer 1.2.3 | 50.0 ms | 1.00 s | 1 | 0.05 (0.05–0.05) | 1.00 (1.00–1.00) | in it |',
  );
  expect(page).toContain('Where ours is behind: the peer is faster');
  expect(page).toContain('| ≥ 0.40 | 0.05 (0.05–0.05) | missed |');
  expect(page).toContain('- scan: no peer');
  expect(page).toContain('The machine was loaded');
});
