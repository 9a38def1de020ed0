import { createRandom, drawCounts } from './random.ts';

/**
 * Statistics of one problem as functions of how often each row counts. With weights of one it gives the plain
 * values; with multinomial counts it gives what the same formula gives on the resampled rows.
 */
export interface StatisticPlan {
  /** One name for each statistic, in the order in which `compute` writes. */
  readonly names: readonly string[];
  /** Rows that `weights` has an entry for. */
  readonly rowCount: number;
  /** Writes every statistic; NaN where it is undefined on these weights. */
  compute(weights: Uint32Array, out: Float64Array): void;
}

/** How to resample. */
export interface BootstrapOptions {
  /** Resamples; 0 for no intervals. */
  readonly rounds: number;
  readonly seed: number;
  /** Which random stream: a name of the problem, so that problems do not disturb each other. */
  readonly purpose: string;
  /** Cluster of each row, 0 … clusterCount - 1; whole clusters are drawn. Absent: every row by itself. */
  readonly clusters?: Int32Array;
  readonly clusterCount?: number;
}

/** A value with its 2.5 and 97.5 percentiles; null where undefined. */
export interface Estimate {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** Rounds in which the statistic was undefined (a class was not drawn); the interval rests on the others. */
  readonly undefined_rounds?: number;
}

/** Point values alone: every row counts once. */
export function computePoint(plan: StatisticPlan): Float64Array {
  const out = new Float64Array(plan.names.length);
  plan.compute(new Uint32Array(plan.rowCount).fill(1), out);
  return out;
}

/**
 * Runs the bootstrap and hands each round's statistics to `visit`; `out` is reused between rounds.
 * Cost: one draw for each cluster and one `compute` a round.
 */
export function visitResamples(
  plan: StatisticPlan,
  options: BootstrapOptions,
  visit: (round: number, out: Float64Array) => void,
): void {
  const { clusters, rounds } = options;
  const clusterCount = clusters === undefined ? plan.rowCount : (options.clusterCount ?? 0);
  const random = createRandom(options.seed, options.purpose);
  const counts = new Uint32Array(clusterCount);
  const weights = clusters === undefined ? counts : new Uint32Array(plan.rowCount);
  const out = new Float64Array(plan.names.length);
  for (let round = 0; round < rounds; round++) {
    drawCounts(random, counts);
    if (clusters !== undefined) {
      for (let row = 0; row < weights.length; row++) weights[row] = counts[clusters[row]!]!;
    }
    plan.compute(weights, out);
    visit(round, out);
  }
}

/** Percentile-bootstrap estimates of every statistic of a plan, by name. */
export function estimateStatistics(plan: StatisticPlan, options: BootstrapOptions): Map<string, Estimate> {
  const point = computePoint(plan);
  const width = plan.names.length;
  const samples = new Float64Array(width * options.rounds);
  visitResamples(plan, options, (round, out) => {
    for (let s = 0; s < width; s++) samples[s * options.rounds + round] = out[s]!;
  });
  return new Map(
    plan.names.map((name, s) => [
      name,
      summarizeSamples(point[s]!, samples.subarray(s * options.rounds, (s + 1) * options.rounds)),
    ]),
  );
}

/** A point value and its bootstrap samples as an estimate. Sorts `samples` in place. */
export function summarizeSamples(point: number, samples: Float64Array): Estimate {
  const value = Number.isNaN(point) ? null : point;
  samples.sort();
  // Float64Array.sort puts NaN last.
  let defined = samples.length;
  while (defined > 0 && Number.isNaN(samples[defined - 1]!)) defined--;
  const undefinedRounds = samples.length - defined;
  if (value === null || defined === 0) return { value, low: null, high: null };
  const sorted = samples.subarray(0, defined);
  return {
    value,
    low: interpolatePercentile(sorted, 0.025),
    high: interpolatePercentile(sorted, 0.975),
    ...(undefinedRounds > 0 ? { undefined_rounds: undefinedRounds } : {}),
  };
}

/** numpy's default (linear) quantile of sorted values, with its rounding: the same bits as `numpy.quantile`. */
export function interpolatePercentile(sorted: ArrayLike<number>, quantile: number): number {
  const position = (sorted.length - 1) * quantile;
  const index = Math.floor(position);
  const fraction = position - index;
  const a = sorted[index]!;
  const b = sorted[Math.min(index + 1, sorted.length - 1)]!;
  return fraction >= 0.5 ? b - (b - a) * (1 - fraction) : a + (b - a) * fraction;
}
