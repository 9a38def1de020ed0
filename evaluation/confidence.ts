import { sortDescending } from './ranking.ts';

/** Equal-width bins of the reliability diagram and the expected calibration error. */
const CALIBRATION_BINS = 15;

/** Bin of a confidence, (0, 1/15] … (14/15, 1], as in Guo et al., ICML 2017; 0 belongs to the first. */
export function binConfidence(confidence: number): number {
  return Math.min(CALIBRATION_BINS - 1, Math.max(0, Math.ceil(confidence * CALIBRATION_BINS) - 1));
}

/** One bar of the reliability diagram. */
export interface ReliabilityBin {
  readonly from: number;
  readonly to: number;
  readonly series: number;
  /** Mean confidence and share right of its series; null for an empty bin. */
  readonly confidence: number | null;
  readonly accuracy: number | null;
}

/** Sums by bin, from which the calibration error follows. */
export interface CalibrationSums {
  readonly weight: Float64Array;
  readonly confidence: Float64Array;
  readonly right: Float64Array;
}

/** Empty sums. */
export function createCalibrationSums(): CalibrationSums {
  return {
    weight: new Float64Array(CALIBRATION_BINS),
    confidence: new Float64Array(CALIBRATION_BINS),
    right: new Float64Array(CALIBRATION_BINS),
  };
}

/** Expected calibration error: mean distance of accuracy and confidence over bins, weighted by their series. */
export function computeEce(sums: CalibrationSums, total: number): number {
  let error = 0;
  for (let bin = 0; bin < CALIBRATION_BINS; bin++) {
    error += Math.abs(sums.right[bin]! - sums.confidence[bin]!);
  }
  return error / total;
}

/** The reliability diagram's bars from sums over all rows. */
export function listReliabilityBins(sums: CalibrationSums): ReliabilityBin[] {
  return Array.from(sums.weight, (series, bin) => ({
    from: bin / CALIBRATION_BINS,
    to: (bin + 1) / CALIBRATION_BINS,
    series,
    confidence: series === 0 ? null : sums.confidence[bin]! / series,
    accuracy: series === 0 ? null : sums.right[bin]! / series,
  }));
}

/** Shares of series, most confident first, at which the accuracy of what is accepted is given. */
const COVERAGES = [0.95, 0.9, 0.8, 0.6] as const;
/** Accuracies of what is accepted for which the share of accepted series is given. */
const TARGET_ACCURACIES = [0.95, 0.99] as const;

/** Names of what `computeSelective` writes. */
export const SELECTIVE_MEASURES: readonly string[] = [
  'aurc',
  ...COVERAGES.map((coverage) => `accuracy_at_coverage_${Math.round(coverage * 100)}`),
  ...TARGET_ACCURACIES.map((accuracy) => `coverage_at_accuracy_${Math.round(accuracy * 100)}`),
];

/**
 * Rows by descending confidence: each entry packs the row (bits 2 …), whether its prediction is right (bit 1), and
 * whether it is the last of a run of equal confidence (bit 0).
 */
export type RankedConfidence = Uint32Array;

/** Sorts rows by confidence. */
export function rankConfidence(confidence: Float64Array, right: Uint8Array): RankedConfidence {
  const order = sortDescending(confidence);
  return order.map((row, i) => {
    const next = order[i + 1];
    const endsRun = next === undefined || confidence[next] !== confidence[row];
    return row * 4 + right[row]! * 2 + (endsRun ? 1 : 0);
  });
}

/**
 * Selective prediction: accept the most confident series, send the rest to review. A threshold accepts series of
 * equal confidence together. Writes `SELECTIVE_MEASURES`:
 * the area under the risk-coverage curve (mean, over series, of the error among those at least as confident;
 * Geifman and El-Yaniv, NeurIPS 2017), the accuracy of the smallest accepted set that covers at least a share, and
 * the largest share that some threshold accepts at no less than an accuracy (0 where none does).
 */
export function computeSelective(
  ranked: RankedConfidence,
  weights: Uint32Array,
  total: number,
  out: Float64Array,
  offset: number,
): void {
  let accepted = 0;
  let right = 0;
  let runWeight = 0;
  let area = 0;
  let nextCoverage = COVERAGES.length - 1;
  const targets = offset + 1 + COVERAGES.length;
  for (let t = 0; t < TARGET_ACCURACIES.length; t++) out[targets + t] = 0;
  for (let i = 0; i < ranked.length; i++) {
    const entry = ranked[i]!;
    const weight = weights[entry >>> 2]!;
    runWeight += weight;
    if ((entry & 2) !== 0) right += weight;
    if ((entry & 1) === 0 || runWeight === 0) continue;
    accepted += runWeight;
    area += runWeight * (1 - right / accepted);
    runWeight = 0;
    const accuracy = right / accepted;
    // COVERAGES descend, so that the smallest share is met first.
    while (nextCoverage >= 0 && accepted >= COVERAGES[nextCoverage]! * total - 1e-9) {
      out[offset + 1 + nextCoverage] = accuracy;
      nextCoverage--;
    }
    for (let t = 0; t < TARGET_ACCURACIES.length; t++) {
      if (accuracy >= TARGET_ACCURACIES[t]!) out[targets + t] = accepted / total;
    }
  }
  out[offset] = area / total;
}

/** One point of the risk-coverage curve. */
export interface RiskCoveragePoint {
  readonly threshold: number;
  readonly coverage: number;
  readonly risk: number;
}

/** The risk-coverage curve, one point for each distinct confidence, thinned to at most `limit` points. */
export function traceRiskCoverage(
  ranked: RankedConfidence,
  confidence: Float64Array,
  limit = 200,
): RiskCoveragePoint[] {
  const points: RiskCoveragePoint[] = [];
  let right = 0;
  ranked.forEach((entry, i) => {
    if ((entry & 2) !== 0) right++;
    if ((entry & 1) === 0) return;
    const threshold = confidence[entry >>> 2]!;
    points.push({ threshold, coverage: (i + 1) / ranked.length, risk: 1 - right / (i + 1) });
  });
  if (points.length <= limit) return points;
  const step = (points.length - 1) / (limit - 1);
  return Array.from({ length: limit }, (_, i) => points[Math.round(i * step)]!);
}
