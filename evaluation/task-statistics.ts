import type { StatisticPlan } from './bootstrap.ts';
import {
  binConfidence,
  computeEce,
  computeSelective,
  createCalibrationSums,
  listReliabilityBins,
  type ReliabilityBin,
  type RiskCoveragePoint,
  rankConfidence,
  SELECTIVE_MEASURES,
  traceRiskCoverage,
} from './confidence.ts';
import { CLASS_MEASURES, computeMatrixMeasures, MATRIX_MEASURES } from './confusion.ts';
import { computeAuc, rankClassScores, rankTruth } from './ranking.ts';

/** One task's series that have both truth and prediction, as columns. */
export interface TaskProblem {
  readonly task: string;
  /** The labels in their order; every index below points here. */
  readonly labels: readonly string[];
  /** Series units, in the order of the rows. */
  readonly keys: readonly string[];
  readonly truth: Int32Array;
  readonly predicted: Int32Array;
  /** All classes' scores, `[row, label]` row-major; null where a row lacks them. */
  readonly scores: Float64Array | null;
  /** The scores are probabilities: within 0 … 1 and adding up to 1. */
  readonly probabilities: boolean;
  /** Probability of the predicted label; null where a row lacks it. */
  readonly confidence: Float64Array | null;
  /** The runner-up's label, for top-2 where full scores are missing; -1 for none. */
  readonly second: Int32Array | null;
}

/** The k of top-k accuracy. */
const TOP_KS = [2, 3] as const;

/** `summary` leaves out what is given for each class, and with it AUC beyond two labels. */
export type Detail = 'full' | 'summary';

/** Names of the statistics of a task as a whole, in order; what the problem has no scores for is absent. */
function listTaskMeasures(problem: TaskProblem, detail: Detail = 'full'): string[] {
  const { scores, second, confidence, probabilities, labels } = problem;
  return [
    ...MATRIX_MEASURES,
    ...TOP_KS.filter(
      (k) => (scores !== null && (k === 2 || k < labels.length)) || (k === 2 && second !== null),
    ).map((k) => `top_${k}`),
    ...(scores !== null && (detail === 'full' || labels.length === 2) ? ['macro_auc'] : []),
    ...(confidence !== null ? ['ece'] : []),
    ...(scores !== null && probabilities ? ['brier'] : []),
    ...(confidence !== null ? SELECTIVE_MEASURES : []),
  ];
}

/** Confusion matrix of all rows, `[truth][predicted]`. */
export function tabulateConfusion(problem: TaskProblem): number[][] {
  const matrix = problem.labels.map(() => problem.labels.map(() => 0));
  problem.truth.forEach((truth, row) => {
    matrix[truth]![problem.predicted[row]!]!++;
  });
  return matrix;
}

/** Squared distance of each row's probabilities from its truth, summed over labels (Brier 1950): 0 … 2. */
function scoreBrierRows(problem: TaskProblem): Float64Array {
  const size = problem.labels.length;
  return Float64Array.from(problem.truth, (label, row) => {
    let sum = 0;
    for (let j = 0; j < size; j++) {
      const distance = problem.scores![row * size + j]! - (j === label ? 1 : 0);
      sum += distance * distance;
    }
    return sum;
  });
}

/** Rows whose predicted label is the truth, as 0 and 1. */
export function markRight(problem: TaskProblem): Uint8Array {
  return Uint8Array.from(problem.truth, (truth, row) => (truth === problem.predicted[row] ? 1 : 0));
}

/**
 * All statistics of one task as one plan. What can be sorted or looked up once is done here, so that one round is
 * a handful of passes over typed arrays.
 *
 * Names: `listTaskMeasures`, then for `detail: 'full'` each `LABEL.MEASURE` (AUC only where there are scores).
 */
export function planTaskStatistics(problem: TaskProblem, detail: Detail): StatisticPlan {
  const { labels, truth, predicted, scores, confidence } = problem;
  const size = labels.length;
  const rowCount = truth.length;
  const measures = listTaskMeasures(problem, detail);
  const at = (name: string): number => measures.indexOf(name);
  const classMeasures = CLASS_MEASURES.filter((measure) => measure !== 'auc' || scores !== null);
  const names = [
    ...measures,
    ...(detail === 'full'
      ? labels.flatMap((label) => classMeasures.map((measure) => `${label}.${measure}`))
      : []),
  ];

  const cell = Int32Array.from(truth, (label, row) => label * size + predicted[row]!);
  const matrix = new Int32Array(size * size);
  const matrixMeasures = new Float64Array(MATRIX_MEASURES.length);
  const classValues = detail === 'full' ? new Float64Array(size * 7) : null;

  const ranks =
    scores !== null ? rankTruth(truth, scores, size) : problem.second !== null ? rankSecond(problem) : null;
  const rankWeights = new Int32Array(size + 1);
  const rankedClasses =
    scores === null || !measures.includes('macro_auc')
      ? null
      : labels.map((_, c) => rankClassScores(truth, scores, size, c));

  const right = markRight(problem);
  const ranked = confidence === null ? null : rankConfidence(confidence, right);
  const bins = confidence === null ? null : Uint8Array.from(confidence, binConfidence);
  const brierAt = at('brier');
  const brierRows = brierAt < 0 ? null : scoreBrierRows(problem);
  const selectiveAt = at('aurc');

  const compute = (weights: Uint32Array, out: Float64Array): void => {
    matrix.fill(0);
    let total = 0;
    for (let row = 0; row < rowCount; row++) {
      const weight = weights[row]!;
      matrix[cell[row]!]! += weight;
      total += weight;
    }
    if (total === 0) {
      out.fill(Number.NaN);
      return;
    }
    computeMatrixMeasures(matrix, size, matrixMeasures, classValues);
    out.set(matrixMeasures);
    if (ranks !== null) {
      rankWeights.fill(0);
      for (let row = 0; row < rowCount; row++) rankWeights[ranks[row]!]! += weights[row]!;
      for (const k of TOP_KS) {
        const index = at(`top_${k}`);
        if (index < 0) continue;
        let within = 0;
        for (let rank = 0; rank < Math.min(k, size); rank++) within += rankWeights[rank]!;
        out[index] = within / total;
      }
    }
    if (bins !== null && confidence !== null && ranked !== null) {
      const sums = createCalibrationSums();
      for (let row = 0; row < rowCount; row++) {
        const weight = weights[row]!;
        const bin = bins[row]!;
        sums.confidence[bin]! += weight * confidence[row]!;
        sums.right[bin]! += weight * right[row]!;
      }
      out[at('ece')] = computeEce(sums, total);
      computeSelective(ranked, weights, total, out, selectiveAt);
    }
    if (brierRows !== null) {
      let sum = 0;
      for (let row = 0; row < rowCount; row++) sum += weights[row]! * brierRows[row]!;
      out[brierAt] = sum / total;
    }
    let next = measures.length;
    let aucSum = 0;
    for (let c = 0; c < size; c++) {
      if (rankedClasses !== null) {
        const auc = computeAuc(rankedClasses[c]!, weights);
        aucSum += auc;
        if (classValues !== null) out[next++] = auc;
      }
      if (classValues !== null) {
        for (let m = 0; m < 7; m++) out[next++] = classValues[c * 7 + m]!;
      }
    }
    // Undefined as soon as one class is: a mean over what happens to be there would not compare.
    if (rankedClasses !== null) out[at('macro_auc')] = aucSum / size;
  };
  return { names, rowCount, compute };
}

/** Rank 0 for right, 1 where the runner-up is right, beyond the last label otherwise. */
function rankSecond(problem: TaskProblem): Uint16Array {
  const { truth, predicted, second, labels } = problem;
  return Uint16Array.from(truth, (label, row) =>
    label === predicted[row] ? 0 : label === second![row] ? 1 : labels.length,
  );
}

/** Reliability diagram and risk-coverage curve; null without confidences. */
export function describeConfidence(
  problem: TaskProblem,
): { bins: ReliabilityBin[]; curve: RiskCoveragePoint[] } | null {
  const { confidence } = problem;
  if (confidence === null) return null;
  const right = markRight(problem);
  const sums = createCalibrationSums();
  confidence.forEach((value, row) => {
    const bin = binConfidence(value);
    sums.weight[bin]!++;
    sums.confidence[bin]! += value;
    sums.right[bin]! += right[row]!;
  });
  return {
    bins: listReliabilityBins(sums),
    curve: traceRiskCoverage(rankConfidence(confidence, right), confidence),
  };
}

/** The same problem on some of its rows, in the given order. */
export function selectRows(problem: TaskProblem, rows: readonly number[]): TaskProblem {
  const size = problem.labels.length;
  const { scores, confidence, second } = problem;
  return {
    ...problem,
    keys: rows.map((row) => problem.keys[row]!),
    truth: Int32Array.from(rows, (row) => problem.truth[row]!),
    predicted: Int32Array.from(rows, (row) => problem.predicted[row]!),
    scores:
      scores === null
        ? null
        : Float64Array.from({ length: rows.length * size }, (_, at) => {
            const row = rows[Math.floor(at / size)]!;
            return scores[row * size + (at % size)]!;
          }),
    confidence: confidence === null ? null : Float64Array.from(rows, (row) => confidence[row]!),
    second: second === null ? null : Int32Array.from(rows, (row) => second[row]!),
  };
}
