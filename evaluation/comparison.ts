import {
  type BootstrapOptions,
  computePoint,
  type Estimate,
  type StatisticPlan,
  summarizeSamples,
  visitResamples,
} from './bootstrap.ts';
import { markRight, planTaskStatistics, selectRows, type TaskProblem } from './task-statistics.ts';

/** McNemar's exact test on series that exactly one of two predictions has right. */
export interface McnemarTest {
  readonly both_right: number;
  readonly only_first_right: number;
  readonly only_second_right: number;
  readonly both_wrong: number;
  /** Two-sided; takes series as independent, whatever the bootstrap's clusters. */
  readonly p_value: number;
}

/** Counts the fourfold table of two 0/1 columns and tests it. */
export function testMcnemar(first: Uint8Array, second: Uint8Array): McnemarTest {
  const cells = [0, 0, 0, 0];
  first.forEach((right, row) => {
    cells[right * 2 + second[row]!]!++;
  });
  return {
    both_right: cells[3]!,
    only_first_right: cells[2]!,
    only_second_right: cells[1]!,
    both_wrong: cells[0]!,
    p_value: computeBinomialTwoSided(cells[2]!, cells[1]!),
  };
}

/** Two-sided exact binomial probability at one half of a split at least as uneven as `a` to `b`. */
export function computeBinomialTwoSided(a: number, b: number): number {
  const n = a + b;
  const few = Math.min(a, b);
  if (a === b) return 1;
  // Summed from the largest term down, so that nothing underflows before it counts.
  let logLargest = -n * Math.LN2;
  for (let i = 0; i < few; i++) logLargest += Math.log((n - i) / (i + 1));
  let term = 1;
  let sum = 0;
  for (let i = few; i >= 0; i--) {
    sum += term;
    term *= i / (n - i + 1);
  }
  return Math.min(1, 2 * sum * Math.exp(logLargest));
}

/** A statistic of both predictions, and first minus second. */
export interface Difference {
  readonly first: number | null;
  readonly second: number | null;
  readonly difference: Estimate;
}

/** Two predictions on the series that both have. */
export interface TaskComparison {
  readonly task: string;
  readonly series: number;
  /** Series of the truth that only one of the two predicts; left out here. */
  readonly only_first: number;
  readonly only_second: number;
  readonly measures: Readonly<Record<string, Difference>>;
  readonly classes: Readonly<
    Record<string, { readonly support: number; readonly measures: Readonly<Record<string, Difference>> }>
  >;
  readonly mcnemar: McnemarTest;
}

/** Paired bootstrap of every statistic that both plans have: the same resamples for both, percentiles of the difference. */
export function estimateDifferences(
  first: StatisticPlan,
  second: StatisticPlan,
  options: BootstrapOptions,
): Map<string, Difference> {
  const names = first.names.filter((name) => second.names.includes(name));
  const firstAt = names.map((name) => first.names.indexOf(name));
  const secondAt = names.map((name) => second.names.indexOf(name));
  const a = computePoint(first);
  const b = computePoint(second);
  const samples = names.map(() => new Float64Array(options.rounds));
  const secondOut = new Float64Array(second.names.length);
  const paired: StatisticPlan = {
    names: first.names,
    rowCount: first.rowCount,
    compute(weights, out) {
      first.compute(weights, out);
      second.compute(weights, secondOut);
    },
  };
  visitResamples(paired, options, (round, out) => {
    samples.forEach((column, i) => {
      column[round] = out[firstAt[i]!]! - secondOut[secondAt[i]!]!;
    });
  });
  const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);
  return new Map(
    names.map((name, i) => {
      const x = a[firstAt[i]!]!;
      const y = b[secondAt[i]!]!;
      return [
        name,
        { first: orNull(x), second: orNull(y), difference: summarizeSamples(x - y, samples[i]!) },
      ];
    }),
  );
}

/**
 * Compares two predictions of one task on the series that both have.
 * @param clusterOf clusters of given series units, for the paired bootstrap.
 */
export function compareTask(
  first: TaskProblem,
  second: TaskProblem,
  bootstrap: Omit<BootstrapOptions, 'purpose'>,
  clusterOf: (keys: readonly string[]) => Pick<BootstrapOptions, 'clusters' | 'clusterCount'>,
): TaskComparison | null {
  const secondRow = new Map(second.keys.map((key, row) => [key, row]));
  const shared = [...first.keys.keys()].filter((row) => secondRow.has(first.keys[row]!));
  // Labels differ only for tasks outside the vocabulary, where each side lists what it has met.
  if (shared.length === 0 || first.labels.join() !== second.labels.join()) return null;
  const a = selectRows(first, shared);
  const b = selectRows(
    second,
    a.keys.map((key) => secondRow.get(key)!),
  );
  const differences = estimateDifferences(planTaskStatistics(a, 'full'), planTaskStatistics(b, 'full'), {
    ...bootstrap,
    ...clusterOf(a.keys),
    purpose: `compare/${first.task}`,
  });
  const measures: Record<string, Difference> = {};
  const classes: Record<string, { support: number; measures: Record<string, Difference> }> = {};
  a.labels.forEach((label, index) => {
    classes[label] = { support: a.truth.filter((truth) => truth === index).length, measures: {} };
  });
  for (const [name, difference] of differences) {
    const [label, measure] = name.split('.');
    if (measure === undefined) measures[name] = difference;
    else classes[label!]!.measures[measure] = difference;
  }
  return {
    task: first.task,
    series: shared.length,
    only_first: first.keys.length - shared.length,
    only_second: second.keys.length - shared.length,
    measures,
    classes,
    mcnemar: testMcnemar(markRight(a), markRight(b)),
  };
}
