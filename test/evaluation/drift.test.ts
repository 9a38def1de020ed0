import { beforeAll, describe, expect, it } from 'vitest';
import { type DriftUnit, findDrift } from '../../evaluation/drift.ts';
import {
  adjustByHolm,
  type ClusteredSample,
  compareDistributions,
  compareShares,
} from '../../evaluation/permutation.ts';
import { createRandom, nextUint32 } from '../../evaluation/random.ts';
import { describeWithOracle, runOracle } from '../oracles/python.ts';

const state = createRandom(5, 'test');
const random = (): number => nextUint32(state) / 2 ** 32;
const below = (limit: number): number => Math.floor(random() * limit);
const times = <Value>(count: number, make: () => Value): Value[] => Array.from({ length: count }, make);

let patients = 0;
/** Each value of a patient of its own. */
const alone = <Value>(values: Value[]): ClusteredSample<Value> => ({
  values,
  patients: values.map(() => `P${patients++}`),
});
const testShares = ([first, second]: [string[], string[]]) =>
  compareShares(alone(first), alone(second), { random: createRandom(1, 'shares'), permutations: 9_999 });
const testDistributions = ([first, second]: [number[], number[]]) =>
  compareDistributions(alone(first), alone(second), {
    random: createRandom(1, 'distributions'),
    permutations: 9_999,
  });

describeWithOracle('tests of drift', () => {
  const shares = times(40, (): [string[], string[]] => {
    const kinds = 1 + below(8);
    const skew = 1 + 0.4 * random();
    const draw = (power: number) => () => `k${Math.floor(random() ** power * kinds)}`;
    return [times(200 + below(300), draw(1)), times(200 + below(300), draw(skew))];
  });
  const fourfold = times(30, (): [string[], string[]] => {
    const draw = (rate: number) => () => (random() < rate ? 'yes' : 'no');
    return [times(2 + below(12), draw(0.2)), times(2 + below(12), draw(random()))];
  });
  const distributions = times(40, (): [number[], number[]] => {
    // Every other pair has ties.
    const draw = (shift: number) => () => random() + shift;
    return [times(50 + below(60), draw(0)), times(50 + below(60), draw(0.15 * random()))];
  });
  const tied = times(10, (): [number[], number[]] => [
    times(20 + below(30), () => below(5)),
    times(20 + below(30), () => below(6)),
  ]);
  let judged: { shares: [number, number, number][]; fourfold: number[]; distributions: [number, number][] };
  beforeAll(() => {
    const input = { shares, fourfold, distributions: [...distributions, ...tied] };
    judged = runOracle('drift_statistics.py', [], JSON.stringify(input)) as typeof judged;
  });

  /** Each p rests on 30 hits: 18 % off by chance, a mean over many far less. */
  const expectSameP = (pairs: (readonly [ours: number, theirs: number])[]) => {
    const logs = pairs.map(([ours, theirs]) => Math.log(ours / theirs));
    for (const each of logs) expect(Math.abs(each)).toBeLessThan(0.8);
    expect(Math.abs(logs.reduce((sum, each) => sum + each, 0) / logs.length)).toBeLessThan(0.1);
  };

  it('have the chi-squared and total variation of scipy, and its p', () => {
    const ours = shares.map(testShares);
    for (const [index, { statistic, effect }] of ours.entries()) {
      expect(statistic).toBeCloseTo(judged.shares[index]![0], 8);
      expect(effect).toBeCloseTo(judged.shares[index]![1], 12);
    }
    expectSameP(
      ours
        .map(({ p_value }, index) => [p_value, judged.shares[index]![2]] as const)
        .filter(([, theirs]) => theirs > 0.002),
    );
  });

  it('are exact where cells are small', () => {
    expectSameP(
      fourfold
        .map((each, index) => [testShares(each).p_value, judged.fourfold[index]!] as const)
        .filter(([, theirs]) => theirs > 0.002),
    );
    expect(judged.fourfold.some((p) => p < 0.05)).toBe(true);
  });

  it('have the Kolmogorov-Smirnov distance of scipy, ties included, and its p', () => {
    const ours = [...distributions, ...tied].map(testDistributions);
    for (const [index, { statistic }] of ours.entries())
      expect(statistic).toBeCloseTo(judged.distributions[index]![0], 12);
    expectSameP(
      ours
        .slice(0, distributions.length)
        .map(({ p_value }, index) => [p_value, judged.distributions[index]![1]] as const)
        .filter(([, theirs]) => theirs > 0.002),
    );
  });
});

describe('p-values of many tests', () => {
  it('are corrected by Holm’s step-down, and stay in order', () => {
    const adjusted = adjustByHolm([0.01, 0.04, 0.03, 0.005]);
    for (const [index, p] of [0.03, 0.06, 0.06, 0.02].entries()) expect(adjusted[index]).toBeCloseTo(p, 12);
    expect(adjustByHolm([0.6, 0.7])).toEqual([1, 1]);
  });
});

const PARTS = ['head', 'chest', 'abdomen', 'c-spine'];
const SCANNERS = ['GE LightSpeed', 'SIEMENS Sensation', 'Philips Brilliance'];

/** Units as archives have them: those of one patient are much alike. */
function makeUnits(count: number, prefix: string, headShare = 0.25): DriftUnit[] {
  return times(count, () => null).flatMap((_, patient) => {
    const part = random() < headShare ? 'head' : PARTS[1 + below(3)]!;
    const scanner = SCANNERS[below(3)]!;
    const usual = { score: random(), hu: -900 + 300 * random(), conflict: random() };
    return times(1 + below(5), (): DriftUnit => {
      const score = Math.min(1, 0.5 + 0.4 * usual.score + 0.1 * random());
      return {
        patient_id: `${prefix}${patient}`,
        body_part: random() < 0.9 ? part : PARTS[below(4)]!,
        axis: ['axial', 'coronal', 'sagittal'][below(3)]!,
        contrast: usual.hu > -750 ? 'yes' : 'no',
        ...{ body_part_score: score, axis_score: random() ** 0.2, contrast_score: score },
        ...{
          mean_hu: usual.hu + 20 * random(),
          air_fraction: usual.score,
          saturated_fraction: random() / 50,
        },
        needs_review: score < 0.6,
        conflict: random() < usual.conflict ** 3,
        scanner,
      };
    });
  });
}

describe('drift between two runs', () => {
  it('is flagged in no more than 5 % of random halves of one archive', () => {
    const units = makeUnits(110, 'P');
    const flagged = { patients: 0, units: 0 };
    const hasFlag = (sample: readonly DriftUnit[], half: ReadonlySet<string>) => {
      const [a, b] = [true, false].map((is) => sample.filter(({ patient_id: p }) => half.has(p) === is));
      return findDrift(a!, b!, 0).measures.some(({ drifts }) => drifts);
    };
    const splits = 200;
    for (let n = 0; n < splits; n++) {
      const half = new Set(times(110, () => 0).flatMap((_, p) => (random() < 0.5 ? [`P${p}`] : [])));
      if (hasFlag(units, half)) flagged.patients += 1;
      // The same halves with every unit taken for a patient: what tests that ignore patients would say.
      if (n % 20 > 0) continue;
      const loose = units.map((unit, index) => ({ ...unit, patient_id: `U${index}` }));
      const looseHalf = new Set(
        loose.flatMap((u, i) => (half.has(units[i]!.patient_id) ? [u.patient_id] : [])),
      );
      if (hasFlag(loose, looseHalf)) flagged.units += 1;
    }
    // 10 expected at most; 20 and more have a probability of 0.3 % where the true share is 5 %.
    expect(flagged.patients).toBeLessThan(20);
    expect(flagged.units / (splits / 20)).toBeGreaterThan(0.3);
  });

  it('of the label mix is flagged, and no other', () => {
    const { measures } = findDrift(makeUnits(400, 'A'), makeUnits(400, 'B', 0.45), 0.05);
    const drifting = measures.filter(({ drifts }) => drifts);
    expect(drifting.map(({ name }) => name)).toEqual(['body_part']);
    const { shift, effect } = drifting[0]!;
    expect(shift.kind === 'shares' && shift.values[0]!.value).toBe('head');
    expect(effect).toBeGreaterThan(0.1);
  });

  it('is found by conflicts of the one scanner that has them', () => {
    const [a, b] = [makeUnits(500, 'A'), makeUnits(500, 'B')];
    const worse = b.map((unit) => ({ ...unit, conflict: unit.scanner === SCANNERS[1] || unit.conflict }));
    const { measures } = findDrift(a, worse, 0.05);
    const drifting = measures.filter(({ drifts }) => drifts).map(({ name }) => name);
    expect(drifting).toEqual(['conflict', `conflict:${SCANNERS[1]}`]);
  });

  it('is not flagged below the effect that matters, however many units show it', () => {
    const [body] = findDrift(makeUnits(400, 'A'), makeUnits(400, 'B', 0.45), 0.3).measures;
    expect(body).toMatchObject({ name: 'body_part', drifts: false });
    expect(body!.p_adjusted).toBeLessThan(0.05);
  });

  it('of the same patients is found where unpaired samples would hide it', () => {
    const before = makeUnits(60, 'P');
    const after = before.map((unit) => ({ ...unit, body_part_score: unit.body_part_score! - 0.05 }));
    const apart = after.map((unit) => ({ ...unit, patient_id: `Q${unit.patient_id}` }));
    const pOf = (units: DriftUnit[]) =>
      findDrift(before, units, 0).measures.find(({ name }) => name === 'body_part_score')!.p_value;
    expect(pOf(after)).toBeLessThan(0.001);
    expect(pOf(apart)).toBeGreaterThan(0.01);
    expect(findDrift(before, before, 0).measures.every(({ drifts }) => !drifts)).toBe(true);
  });

  it('says what a run does not know', () => {
    const units = makeUnits(20, 'P').map((unit) => ({ ...unit, mean_hu: null, scanner: null }));
    const { left_out: leftOut, measures } = findDrift(units, makeUnits(20, 'Q'), 0.05);
    expect(leftOut).toEqual(['scanner', 'mean_hu']);
    expect(measures.some(({ name }) => name.startsWith('conflict:'))).toBe(false);
    expect(findDrift([], [], 0.05).measures).toEqual([]);
  });
});
