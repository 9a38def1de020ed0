/** What differs between two runs beyond chance, and by enough to matter. */
import { interpolatePercentile } from './bootstrap.ts';
import {
  adjustByHolm,
  type ClusteredSample,
  compareDistributions,
  compareShares,
  type SampleTest,
} from './permutation.ts';
import { createRandom } from './random.ts';

/** A labelled series unit as the watch sees it. Null where a run does not say. */
export interface DriftUnit {
  readonly patient_id: string;
  readonly body_part: string | null;
  readonly axis: string | null;
  readonly contrast: string | null;
  /** Calibrated probabilities. */
  readonly body_part_score: number | null;
  readonly axis_score: number | null;
  readonly contrast_score: number | null;
  /** Mean of the model input, HU within the window. */
  readonly mean_hu: number | null;
  /** Shares of the model input at the lower and at the upper end of the window. */
  readonly air_fraction: number | null;
  readonly saturated_fraction: number | null;
  readonly needs_review: boolean | null;
  /** Whether some label contradicts the header. */
  readonly conflict: boolean | null;
  /** Manufacturer and model. */
  readonly scanner: string | null;
}

type Column = Exclude<keyof DriftUnit, 'patient_id'>;

const SHARES: readonly Column[] = ['body_part', 'axis', 'contrast', 'needs_review', 'scanner', 'conflict'];
const DISTRIBUTIONS: readonly Column[] = [
  'body_part_score',
  'axis_score',
  'contrast_score',
  'mean_hu',
  'air_fraction',
  'saturated_fraction',
];

/** So many that the least p, corrected, is 0.01. */
const PERMUTATIONS_A_MEASURE = 100;
const LEAST_PERMUTATIONS = 2_000;

/** A scanner with fewer units in one of the runs is not compared by itself. */
const LEAST_SCANNER_UNITS = 20;

/** Family-wise: the probability of any flag where nothing differs. */
const DRIFT_ALPHA = 0.05;

/** How a measure moved, for people. */
export type Shift =
  | {
      readonly kind: 'shares';
      /** Shares of the units of each run, the largest move first. */
      readonly values: readonly { readonly value: string; readonly first: number; readonly second: number }[];
    }
  | { readonly kind: 'distribution'; readonly first: Quartiles; readonly second: Quartiles };

/** The values that a quarter, half and three quarters of the units do not exceed. */
export type Quartiles = readonly [number, number, number];

export interface DriftMeasure extends SampleTest {
  /** Column, or `conflict:SCANNER`. */
  readonly name: string;
  /** Units with a value. */
  readonly units: { readonly first: number; readonly second: number };
  readonly shift: Shift;
  /** By Holm's correction over all measures. */
  readonly p_adjusted: number;
  readonly drifts: boolean;
}

export interface Drift {
  readonly alpha: number;
  readonly least_effect: number;
  readonly units: { readonly first: number; readonly second: number };
  readonly measures: readonly DriftMeasure[];
  /** Measures without a value in one of the runs. */
  readonly left_out: readonly string[];
}

/**
 * Compares two runs. A measure drifts when its p, corrected for all measures, is at most `DRIFT_ALPHA` and its effect
 * at least `leastEffect`. The same units give the same result in the same order of units.
 * @param leastEffect difference in share, 0 to 1
 */
export function findDrift(
  first: readonly DriftUnit[],
  second: readonly DriftUnit[],
  leastEffect: number,
): Drift {
  const columns: Comparison[] = [
    ...SHARES.map((column) => ({ name: column, column, kind: 'shares' as const, first, second })),
    ...DISTRIBUTIONS.map((column) => ({
      name: column,
      column,
      kind: 'distribution' as const,
      first,
      second,
    })),
    ...listScanners(first, second).map((scanner) => ({
      ...{ name: `conflict:${scanner}`, column: 'conflict' as const, kind: 'shares' as const },
      first: first.filter((unit) => unit.scanner === scanner),
      second: second.filter((unit) => unit.scanner === scanner),
    })),
  ];
  const isKnown = ({ column, ...runs }: Comparison) =>
    [runs.first, runs.second].every((units) => units.some((unit) => unit[column] !== null));
  const known = columns.filter(isKnown);
  const permutations = Math.max(LEAST_PERMUTATIONS, PERMUTATIONS_A_MEASURE * known.length);
  const measures = known.map((comparison) => compare(comparison, permutations));
  const adjusted = adjustByHolm(measures.map(({ p_value }) => p_value));
  return {
    alpha: DRIFT_ALPHA,
    least_effect: leastEffect,
    units: { first: first.length, second: second.length },
    measures: measures.map((measure, index) => ({
      ...measure,
      p_adjusted: adjusted[index]!,
      drifts: adjusted[index]! <= DRIFT_ALPHA && measure.effect >= leastEffect,
    })),
    left_out: columns.filter((comparison) => !isKnown(comparison)).map(({ name }) => name),
  };
}

interface Comparison {
  readonly name: string;
  readonly column: Column;
  readonly kind: Shift['kind'];
  readonly first: readonly DriftUnit[];
  readonly second: readonly DriftUnit[];
}

function compare(
  { name, column, kind, ...runs }: Comparison,
  permutations: number,
): Omit<DriftMeasure, 'p_adjusted' | 'drifts'> {
  // A stream of its own, so that one measure more changes no other.
  const options = { random: createRandom(1, name), permutations };
  if (kind === 'shares') {
    const [first, second] = [sampleOf(runs.first, column, String), sampleOf(runs.second, column, String)];
    const shift = { kind, values: listShares(first.values, second.values) };
    return { name, units: unitsOf(first, second), ...compareShares(first, second, options), shift };
  }
  const [first, second] = [sampleOf(runs.first, column, Number), sampleOf(runs.second, column, Number)];
  const shift = { kind, first: quartilesOf(first.values), second: quartilesOf(second.values) };
  return { name, units: unitsOf(first, second), ...compareDistributions(first, second, options), shift };
}

function sampleOf<Value>(
  units: readonly DriftUnit[],
  column: Column,
  read: (value: unknown) => Value,
): ClusteredSample<Value> {
  const known = units.filter((unit) => unit[column] !== null);
  return {
    patients: known.map(({ patient_id }) => patient_id),
    values: known.map((unit) => read(unit[column])),
  };
}

const unitsOf = (first: ClusteredSample<unknown>, second: ClusteredSample<unknown>) => ({
  first: first.values.length,
  second: second.values.length,
});

function listShares(
  first: readonly string[],
  second: readonly string[],
): (Shift & { kind: 'shares' })['values'] {
  const [before, after] = [countValues(first), countValues(second)];
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((value) => ({
      value,
      first: (before.get(value) ?? 0) / first.length,
      second: (after.get(value) ?? 0) / second.length,
    }))
    .sort(
      (a, b) => Math.abs(b.second - b.first) - Math.abs(a.second - a.first) || (a.value < b.value ? -1 : 1),
    );
}

function countValues(values: readonly (string | null)[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function quartilesOf(values: readonly number[]): Quartiles {
  const sorted = Float64Array.from(values).sort();
  return [0.25, 0.5, 0.75].map((share) => interpolatePercentile(sorted, share)) as unknown as Quartiles;
}

/** Scanners with enough units in both runs, by name. */
function listScanners(first: readonly DriftUnit[], second: readonly DriftUnit[]): string[] {
  const [before, after] = [first, second].map((units) => countValues(units.map(({ scanner }) => scanner)));
  return [...before!.keys()]
    .filter(
      (scanner) =>
        before!.get(scanner)! >= LEAST_SCANNER_UNITS && (after!.get(scanner) ?? 0) >= LEAST_SCANNER_UNITS,
    )
    .sort();
}
