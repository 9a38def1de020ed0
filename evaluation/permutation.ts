/**
 * Whether two samples come from one distribution, where values of one patient belong together: permutation tests that
 * move whole patients. They hold whatever the size of cells and samples, and need no independence of series.
 */
import { nextUint32, type RandomState } from './random.ts';

/** Values with the patient of each. */
export interface ClusteredSample<Value> {
  readonly patients: readonly string[];
  readonly values: readonly Value[];
}

export interface PermutationOptions {
  readonly random: RandomState;
  /** Permutations at most: the least p is 1 / (1 + that). */
  readonly permutations: number;
}

export interface SampleTest {
  /** Pearson's chi-squared of a two-row table, or the two-sample Kolmogorov-Smirnov distance. */
  readonly statistic: number;
  /** The largest difference in share that any set of values (of numbers: any range up to a limit) shows, 0 to 1. */
  readonly effect: number;
  readonly p_value: number;
}

/** Enough permutations that reach the statistic end a test early (Besag & Clifford 1991, doi 10.1093/biomet/78.2.301). */
const ENOUGH_HITS = 30;

/** Compares shares of categories; the effect is the total variation distance. Both samples need values. */
export function compareShares(
  first: ClusteredSample<string>,
  second: ClusteredSample<string>,
  options: PermutationOptions,
): SampleTest {
  const grouping = groupByPatient(first, second);
  const { clusterOf, unitsOf, isSecond } = grouping;
  const categories = new Map<string, number>();
  const categoryOf = Int32Array.from([...first.values, ...second.values], (value) => {
    if (!categories.has(value)) categories.set(value, categories.size);
    return categories.get(value)!;
  });
  const total = new Float64Array(categories.size);
  for (const category of categoryOf) total[category]! += 1;
  const cells = countCells(clusterOf, categoryOf, categories.size);
  const units = clusterOf.length;
  const inSecond = new Float64Array(categories.size);
  const chiSquared = (labels: Uint8Array): number => {
    const size = sumOf(unitsOf, labels);
    inSecond.fill(0);
    for (let at = 0; at < cells.clusters.length; at++)
      inSecond[cells.categories[at]!]! += cells.counts[at]! * labels[cells.clusters[at]!]!;
    let sum = 0;
    for (let category = 0; category < total.length; category++) {
      const all = total[category]!;
      sum += (inSecond[category]! - (all * size) / units) ** 2 / all;
    }
    return (sum * units * units) / (size * (units - size));
  };
  const statistic = chiSquared(isSecond);
  const size = second.values.length;
  let difference = 0;
  total.forEach((all, category) => {
    difference += Math.abs(inSecond[category]! / size - (all - inSecond[category]!) / (units - size));
  });
  return {
    statistic,
    effect: difference / 2,
    p_value: permute(grouping, statistic, chiSquared, options),
  };
}

/** Compares distributions of numbers; the effect is the Kolmogorov-Smirnov distance. Both samples need values. */
export function compareDistributions(
  first: ClusteredSample<number>,
  second: ClusteredSample<number>,
  options: PermutationOptions,
): SampleTest {
  const grouping = groupByPatient(first, second);
  const { clusterOf, unitsOf, isSecond } = grouping;
  const values = Float64Array.from([...first.values, ...second.values]);
  const order = Int32Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  const units = values.length;
  const clusters = order.map((unit) => clusterOf[unit]!);
  // Equal values are passed as one: the distance counts where the last of them ends.
  const isLast = Uint8Array.from(order, (unit, place) =>
    place + 1 < units && values[order[place + 1]!] === values[unit] ? 0 : 1,
  );
  const distance = (labels: Uint8Array): number => {
    const size = sumOf(unitsOf, labels);
    let passed = 0;
    let widest = 0;
    for (let place = 0; place < units; place++) {
      passed += labels[clusters[place]!]!;
      if (isLast[place] === 0) continue;
      const gap = Math.abs(passed / size - (place + 1 - passed) / (units - size));
      if (gap > widest) widest = gap;
    }
    return widest;
  };
  const statistic = distance(isSecond);
  return { statistic, effect: statistic, p_value: permute(grouping, statistic, distance, options) };
}

/**
 * P-values that hold for all tests together: with probability 0.95 at least, none is below 0.05 where nothing differs
 * (Holm 1979).
 */
export function adjustByHolm(pValues: readonly number[]): number[] {
  const ascending = [...pValues.keys()].sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = new Array<number>(pValues.length);
  let least = 0;
  ascending.forEach((index, rank) => {
    least = Math.max(least, Math.min(1, pValues[index]! * (pValues.length - rank)));
    adjusted[index] = least;
  });
  return adjusted;
}

interface Grouping {
  /** For each value, first sample before second, the patient within its sample. */
  readonly clusterOf: Int32Array;
  /** For each of those patients how many values there are. */
  readonly unitsOf: Int32Array;
  /** For each of those: 1 where it is of the second sample. */
  readonly isSecond: Uint8Array;
  /** Patients of both samples, as pairs of their places; only within a pair is anything exchanged. */
  readonly pairs: readonly (readonly [number, number])[];
  /** Patients of one sample alone. */
  readonly singles: Int32Array;
}

function groupByPatient(first: ClusteredSample<unknown>, second: ClusteredSample<unknown>): Grouping {
  const places = [new Map<string, number>(), new Map<string, number>()] as const;
  const isSecond: number[] = [];
  const place = (sample: 0 | 1, patient: string): number => {
    const known = places[sample].get(patient);
    if (known !== undefined) return known;
    places[sample].set(patient, isSecond.length);
    return isSecond.push(sample) - 1;
  };
  const clusterOf = Int32Array.from([
    ...first.patients.map((patient) => place(0, patient)),
    ...second.patients.map((patient) => place(1, patient)),
  ]);
  const unitsOf = new Int32Array(isSecond.length);
  for (const cluster of clusterOf) unitsOf[cluster]! += 1;
  const pairs: [number, number][] = [];
  for (const [patient, at] of places[0]) {
    const other = places[1].get(patient);
    if (other !== undefined) pairs.push([at, other]);
  }
  const paired = new Set(pairs.flat());
  const singles = Int32Array.from([...isSecond.keys()].filter((at) => !paired.has(at)));
  return { clusterOf, unitsOf, isSecond: Uint8Array.from(isSecond), pairs, singles };
}

/** How often each patient has each category, where at all. */
function countCells(
  clusterOf: Int32Array,
  categoryOf: Int32Array,
  categories: number,
): { clusters: Int32Array; categories: Int32Array; counts: Int32Array } {
  const cells = new Map<number, number>();
  clusterOf.forEach((cluster, unit) => {
    const cell = cluster * categories + categoryOf[unit]!;
    cells.set(cell, (cells.get(cell) ?? 0) + 1);
  });
  return {
    clusters: Int32Array.from(cells.keys(), (cell) => Math.floor(cell / categories)),
    categories: Int32Array.from(cells.keys(), (cell) => cell % categories),
    counts: Int32Array.from(cells.values()),
  };
}

function sumOf(counts: Int32Array, labels: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < counts.length; at++) sum += counts[at]! * labels[at]!;
  return sum;
}

/** The share of exchanges of patients between the samples that give at least the statistic. */
function permute(
  { isSecond, pairs, singles }: Grouping,
  statistic: number,
  measure: (labels: Uint8Array) => number,
  { random, permutations }: PermutationOptions,
): number {
  // Arrangements that are equally extreme must not differ by rounding.
  const reached = statistic * (1 - 1e-9);
  const labels = Uint8Array.from(isSecond);
  let hits = 0;
  for (let tried = 1; tried <= permutations; tried++) {
    shuffle(labels, singles, random);
    for (const [a, b] of pairs) {
      labels[a] = nextUint32(random) & 1;
      labels[b] = 1 - labels[a]!;
    }
    if (measure(labels) >= reached) hits += 1;
    if (hits === ENOUGH_HITS) return hits / tried;
  }
  return (hits + 1) / (permutations + 1);
}

/** Fisher-Yates over the labels at the given places. */
function shuffle(labels: Uint8Array, places: Int32Array, random: RandomState): void {
  for (let last = places.length - 1; last > 0; last--) {
    const other = Math.floor((nextUint32(random) / 2 ** 32) * (last + 1));
    const [a, b] = [places[last]!, places[other]!];
    const label = labels[a]!;
    labels[a] = labels[b]!;
    labels[b] = label;
  }
}
