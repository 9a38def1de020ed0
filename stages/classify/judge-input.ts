/** Whether a series looks like those that a bundle was made for. */
import type { InputGate } from '../../models/gate.ts';
import { type InputStatistics, spreadOut } from './input-statistics.ts';

/** Why a network's input is not one to label in silence. docs/models/review.md explains each. */
export const INPUT_REASONS = [
  'input-constant',
  'input-noise',
  'input-masked',
  'input-unusual-tissue',
  'input-unusual-texture',
  'input-unusual-shape',
] as const;

export type InputReason = (typeof INPUT_REASONS)[number];

/** Which statistics speak of what, by index in `STATISTIC_NAMES`. */
const GROUPS: readonly { reason: InputReason; from: number; to: number }[] = [
  { reason: 'input-unusual-tissue', from: 0, to: 11 },
  { reason: 'input-unusual-texture', from: 11, to: 18 },
  { reason: 'input-unusual-shape', from: 18, to: 24 },
];

/** Less air than this share of a volume says nothing of whether air was removed. */
const LEAST_AIR = 0.02;
const AIR = 2;
const SPREAD = 1;

/**
 * The reasons for which a series is not like those of the gate, in the order of `INPUT_REASONS`; empty when it is.
 * Of an unusual series the group of statistics that differs most, in the mean, is named.
 */
export function judgeInput(statistics: InputStatistics, gate: InputGate): InputReason[] {
  const { values, emptyAir, neighbourLikeness } = statistics;
  if (values[SPREAD]! < gate.least_spread) return ['input-constant'];
  const reasons: InputReason[] = [];
  if (neighbourLikeness < gate.least_likeness) reasons.push('input-noise');
  if (values[AIR]! >= LEAST_AIR && emptyAir > gate.most_empty_air) reasons.push('input-masked');
  const nearest = findNearest(spreadOut(values), gate);
  const distance = nearest.reduce((sum, squares) => sum + mean(squares), 0) / nearest.length;
  if (distance > gate.distance) {
    const weights = GROUPS.map(({ from, to }) =>
      nearest.reduce((sum, squares) => sum + mean(squares.slice(from, to)), 0),
    );
    reasons.push(GROUPS[weights.indexOf(Math.max(...weights))]!.reason);
  }
  return reasons;
}

/** Squared differences, a statistic each, of spread-out values to the nearest prototypes. */
function findNearest(values: readonly number[], gate: InputGate): number[][] {
  return gate.prototypes
    .map((prototype) =>
      prototype.map((tenThousandths, k) => ((values[k]! - tenThousandths / 1e4) / gate.scale[k]!) ** 2),
    )
    .sort((a, b) => mean(a) - mean(b))
    .slice(0, gate.neighbours);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
