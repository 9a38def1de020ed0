import { beforeAll, describe, expect, it } from 'vitest';
import {
  binomialTail,
  hypergeometricTail,
  judgeSample,
  planSample,
} from '../../evaluation/acceptance-sampling.ts';
import { measureAgreement } from '../../evaluation/kappa.ts';
import { makeRandom } from '../manifest/rows.ts';
import { describeWithOracle, runOracle } from '../oracles/python.ts';

const random = makeRandom(11);
const below = (limit: number): number => Math.floor(random() * limit);

/** Pairs of labels: few and many classes, readers that agree often or never. */
function makePairs(): [string, string][] {
  const classes = 1 + below(6);
  const sameness = random();
  return Array.from({ length: 1 + below(60) }, () => {
    const first = `label-${below(classes)}`;
    return [first, random() < sameness ? first : `label-${below(classes)}`];
  });
}

interface Judged {
  kappa: (number | null)[];
  tails: number[];
  binomial: number[];
  plans: (number | null)[];
  judged: [number, number, number][];
}

describeWithOracle('statistics of reviews', () => {
  const pairs = Array.from({ length: 300 }, makePairs);
  const tails = Array.from({ length: 300 }, (): [number, number, number, number] => {
    const population = 1 + below(9000);
    const drawn = below(population + 1);
    return [population, below(population + 1), drawn, below(drawn + 1)];
  });
  const binomial = Array.from({ length: 200 }, (): [number, number, number] => {
    const drawn = 1 + below(3000);
    return [drawn, random(), below(drawn + 1)];
  });
  const plans: [number, number, number, number][] = [
    [8000, 0.015, 0.95, 0],
    [8000, 0.015, 0.95, 2],
    [500, 0.02, 0.99, 1],
    [60, 0.01, 0.95, 0],
    [40, 0.05, 0.9, 2],
    [1000, 0.5, 0.95, 0],
  ];
  const judged = Array.from({ length: 40 }, (): [number, number, number, number] => {
    const population = 1 + below(600);
    const drawn = 1 + below(population);
    return [population, drawn, below(Math.min(drawn, 12) + 1), [0.9, 0.95, 0.99][below(3)]!];
  });
  let oracle: Judged;
  beforeAll(() => {
    const input = {
      kappa: pairs.map((each) => [each.map(([first]) => first), each.map(([, second]) => second)]),
      ...{ tails, binomial, plans, judged },
    };
    oracle = runOracle('review_statistics.py', [], JSON.stringify(input)) as Judged;
  });

  it('have the kappa of scikit-learn', () => {
    for (const [index, each] of pairs.entries()) {
      const { kappa } = measureAgreement(each);
      if (oracle.kappa[index] === null) expect(kappa).toBeNull();
      else expect(kappa).toBeCloseTo(oracle.kappa[index]!, 10);
    }
    expect(oracle.kappa).toContain(null);
  });

  it('have the tails of scipy', () => {
    for (const [index, each] of tails.entries())
      expect(hypergeometricTail(...each)).toBeCloseTo(oracle.tails[index]!, 8);
    for (const [index, each] of binomial.entries())
      expect(binomialTail(...each)).toBeCloseTo(oracle.binomial[index]!, 8);
  });

  it('plan the samples that a search with scipy finds', () => {
    expect(plans.map((each) => planSample(...each))).toEqual(oracle.plans);
    expect(oracle.plans).toContain(null);
  });

  it('judge samples as scipy does', () => {
    for (const [index, each] of judged.entries()) {
      const { mostErrors, low, high } = judgeSample(...each);
      const [most, least, greatest] = oracle.judged[index]!;
      expect(mostErrors).toBe(most);
      expect([low, high]).toEqual([expect.closeTo(least, 8), expect.closeTo(greatest, 8)]);
    }
  });
});

describe('agreement of readers', () => {
  it('has the interval of the worked example of Fleiss, Cohen and Everitt', () => {
    // Table 1 there (200 units, three classes): kappa 0.429 with a standard error of 0.0537.
    const counts = [
      [106, 10, 4],
      [22, 28, 10],
      [2, 12, 6],
    ];
    const pairs = counts.flatMap((row, first) =>
      row.flatMap((count, second) =>
        Array.from({ length: count }, (): [string, string] => [`${first}`, `${second}`]),
      ),
    );
    const { kappa, low, high } = measureAgreement(pairs);
    expect(kappa).toBeCloseTo(0.429, 3);
    expect((high! - low!) / 2 / 1.96).toBeCloseTo(0.0537, 3);
  });

  it('is null where there is nothing to agree on', () => {
    expect(measureAgreement([]).kappa).toBeNull();
    expect(measureAgreement([['a', 'a']])).toMatchObject({ observed: 1, kappa: null });
  });
});
