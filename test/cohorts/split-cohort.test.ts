import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CohortError } from '../../cohorts/cohort-error.ts';
import { parseSplits, splitOf } from '../../cohorts/split-cohort.ts';

const splits = parseSplits('train=0.7,validation=0.2,test=0.1');

it('reads names and shares', () => {
  expect(splits).toEqual([
    { name: 'train', share: 0.7 },
    { name: 'validation', share: 0.2 },
    { name: 'test', share: 0.1 },
  ]);
});

it.each(['', 'train', 'train=0.5', 'a=0.5,a=0.5', 'a=1.5,b=-0.5', 'A b=1', 'hold-out=1', 'train=0.7,test=x'])(
  'refuses %j',
  (text) => {
    expect(() => parseSplits(text)).toThrow(CohortError);
  },
);

it('gives a patient one part, whoever else there is', () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(), (patient, seed) => {
      expect(splitOf(patient, splits, seed)).toBe(splitOf(patient, splits, seed));
      expect(splits.map(({ name }) => name)).toContain(splitOf(patient, splits, seed));
    }),
  );
});

it('keeps to the shares, and another seed splits anew', () => {
  const patients = Array.from({ length: 20_000 }, (_, index) => `SW${index}`);
  const parts = (seed: number) => patients.map((patient) => splitOf(patient, splits, seed));
  const train = parts(1).filter((part) => part === 'train').length / patients.length;
  expect(train).toBeGreaterThan(0.685);
  expect(train).toBeLessThan(0.715);
  expect(parts(2)).not.toEqual(parts(1));
});
