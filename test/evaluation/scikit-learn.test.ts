import { beforeAll, expect, test } from 'vitest';
import { interpolatePercentile } from '../../evaluation/bootstrap.ts';
import { computeBinomialTwoSided } from '../../evaluation/comparison.ts';
import { CLASS_MEASURES } from '../../evaluation/confusion.ts';
import { createRandom, drawCounts, nextUint32, type RandomState } from '../../evaluation/random.ts';
import { planTaskStatistics, type TaskProblem } from '../../evaluation/task-statistics.ts';
import { describeWithOracle, runOracle } from '../oracles/python.ts';

const PROBLEMS = 1008;
const KINDS = ['plain', 'ties', 'missing classes', 'one class', 'imbalanced', 'many classes'] as const;

interface RandomProblem {
  kind: (typeof KINDS)[number];
  problem: TaskProblem;
  counts: Uint32Array;
}

interface Measures {
  task: Record<string, number | null>;
  classes: Record<string, number | null>[];
  confusion: number[][];
}

function makeProblem(number: number, random: RandomState): RandomProblem {
  const uniform = (): number => nextUint32(random) / 2 ** 32;
  const integer = (below: number): number => Math.floor(uniform() * below);
  const kind = KINDS[number % KINDS.length]!;
  const size = kind === 'many classes' && number % 24 === 5 ? 16 : 2 + integer(3);
  const rows = number % 40 === 0 ? 1 + integer(3) : 2 + integer(90);
  const skew = kind === 'imbalanced' ? 6 : 1;
  const present = kind === 'one class' ? 1 : kind === 'missing classes' ? 1 + integer(size) : size;
  const drawClass = (): number => Math.floor(uniform() ** skew * present);
  const truth = Int32Array.from({ length: rows }, drawClass);
  const levels = kind === 'ties' ? 2 + integer(3) : 0;
  const scores = new Float64Array(rows * size);
  const predicted = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let c = 0; c < size; c++) {
      const raw = uniform() + (truth[row] === c ? uniform() : 0);
      const score = levels > 0 ? 1 + Math.floor(raw * levels) : raw;
      scores[row * size + c] = score;
      sum += score;
    }
    let best = 0;
    for (let c = 0; c < size; c++) {
      const score = scores[row * size + c]! / sum;
      scores[row * size + c] = score;
      if (score > scores[row * size + best]!) best = c;
    }
    // Now and then a label that is not the highest score: labels and scores are judged apart.
    predicted[row] = uniform() < 0.05 ? integer(size) : best;
  }
  // Half of the problems as one bootstrap resample sees them.
  const counts = new Uint32Array(rows).fill(1);
  if (number % 2 === 1) drawCounts(random, counts);
  return {
    kind,
    counts,
    problem: {
      task: 'test',
      labels: Array.from({ length: size }, (_, c) => `class-${c}`),
      keys: Array.from(truth, (_, row) => `series-${row}`),
      truth,
      predicted,
      scores,
      probabilities: true,
      confidence: Float64Array.from(predicted, (label, row) => scores[row * size + label]!),
      second: null,
    },
  };
}

describeWithOracle('scikit-learn on random problems', () => {
  const random = createRandom(20240709, 'random problems');
  const problems = Array.from({ length: PROBLEMS }, (_, number) => makeProblem(number, random));
  const samples = Array.from({ length: 20 }, (_, i) =>
    Array.from({ length: [1, 2, 7, 40, 41, 999, 1000][i % 7]! }, () => nextUint32(random) / 2 ** 32),
  );
  const splits = [
    [0, 0],
    [0, 5],
    [1, 9],
    [10, 10],
    [3, 17],
    [200, 260],
    [2000, 2100],
    [0, 1000],
  ];
  let answers: { problems: Measures[]; percentiles: number[][]; binomial: number[] };

  beforeAll(() => {
    answers = runOracle(
      'evaluation.py',
      [],
      JSON.stringify({
        problems: problems.map(({ problem, counts }, number) => ({
          each: number % 7 === 0,
          labels: problem.labels.length,
          truth: [...problem.truth],
          predicted: [...problem.predicted],
          scores: [...problem.scores!],
          counts: [...counts],
        })),
        samples,
        splits,
      }),
    ) as typeof answers;
  }, 900_000);

  test(`agrees on every measure of ${PROBLEMS} problems to 1e-12`, () => {
    const wrong: string[] = [];
    let compared = 0;
    let undefinedAucs = 0;
    const compare = (about: string, own: number, judged: number | null): void => {
      compared++;
      if (judged === null ? !Number.isNaN(own) : !(Math.abs(own - judged) <= 1e-12)) {
        wrong.push(`${about}: ${own}, scikit-learn ${judged}`);
      }
    };
    problems.forEach(({ problem, counts, kind }, number) => {
      const plan = planTaskStatistics(problem, 'full');
      const out = new Float64Array(plan.names.length);
      plan.compute(counts, out);
      const own = new Map(plan.names.map((name, i) => [name, out[i]!]));
      const judged = answers.problems[number]!;
      for (const [name, value] of Object.entries(judged.task)) {
        compare(`${number} (${kind}) ${name}`, own.get(name)!, value);
      }
      for (const [t, row] of judged.confusion.entries()) {
        const rows = [...problem.truth.keys()].filter((r) => problem.truth[r] === t);
        const counted = problem.labels.map((_, p) =>
          rows.reduce((sum, r) => sum + (problem.predicted[r] === p ? counts[r]! : 0), 0),
        );
        if (counted.join() !== row.join()) wrong.push(`${number} (${kind}) confusion of class ${t}`);
      }
      judged.classes.forEach((measures, c) => {
        if (measures.auc === null) undefinedAucs++;
        for (const name of CLASS_MEASURES) {
          compare(`${number} (${kind}) class ${c} ${name}`, own.get(`class-${c}.${name}`)!, measures[name]!);
        }
      });
    });
    expect(wrong.slice(0, 20)).toEqual([]);
    expect(compared).toBeGreaterThan(25_000);
    expect(undefinedAucs).toBeGreaterThan(300);
  });

  test('interpolates percentiles with the same bits as numpy', () => {
    samples.forEach((values, i) => {
      const sorted = [...values].sort((a, b) => a - b);
      expect([interpolatePercentile(sorted, 0.025), interpolatePercentile(sorted, 0.975)]).toEqual(
        answers.percentiles[i],
      );
    });
  });

  test("gives scipy's exact two-sided binomial probability", () => {
    splits.forEach(([a, b], i) => {
      const own = computeBinomialTwoSided(a!, b!);
      expect(Math.abs(own / answers.binomial[i]! - 1)).toBeLessThan(1e-9);
    });
  });
});
