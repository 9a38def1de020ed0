import { EvaluationError } from './errors.ts';
import { TASK_LABELS } from './labels.ts';
import type { LabelRow, LabelTable } from './tables.ts';
import type { TaskProblem } from './task-statistics.ts';

/** Series units that a join leaves out: how many, and the first of them in order. */
interface Leftover {
  readonly count: number;
  readonly series_units: readonly string[];
}

/** What became of every series unit of one task. */
export interface JoinReport {
  readonly matched: number;
  readonly only_in_truth: Leftover;
  readonly only_in_predictions: Leftover;
  /** In both tables, but the truth (or the prediction) has no label. */
  readonly truth_unlabelled: Leftover;
  readonly prediction_unlabelled: Leftover;
}

/** Statistics that are left out, and why. */
export interface Omission {
  readonly statistics: string;
  readonly reason: string;
}

/** A task ready to be measured. */
export interface JoinedTask {
  readonly problem: TaskProblem;
  readonly report: JoinReport;
  readonly omitted: readonly Omission[];
  readonly notices: readonly string[];
}

/** How many left-out series units are listed by name. */
const LISTED_LEFTOVERS = 20;

/** Series units as a count and the first few in order. */
function listLeftovers(keys: readonly string[]): Leftover {
  return { count: keys.length, series_units: [...keys].sort().slice(0, LISTED_LEFTOVERS) };
}

/**
 * Joins truth and predictions of one task by series unit. Rows come in the order of their keys, so that the order
 * of the files changes nothing. Nothing is dropped silently: `report` accounts for every series unit of both.
 */
export function joinTask(task: string, truth: LabelTable, predictions: LabelTable): JoinedTask {
  const truthRows = truth.tasks.get(task) ?? new Map<string, LabelRow>();
  const predictedRows = predictions.tasks.get(task) ?? new Map<string, LabelRow>();
  const onlyInTruth: string[] = [];
  const truthUnlabelled: string[] = [];
  const predictionUnlabelled: string[] = [];
  const keys: string[] = [];
  for (const [key, row] of truthRows) {
    const predicted = predictedRows.get(key);
    if (predicted === undefined) onlyInTruth.push(key);
    else if (row.label === null) truthUnlabelled.push(key);
    else if (predicted.label === null) predictionUnlabelled.push(key);
    else keys.push(key);
  }
  const onlyInPredictions = [...predictedRows.keys()].filter((key) => !truthRows.has(key));
  keys.sort();
  const rows = keys.map((key) => predictedRows.get(key)!);
  const truths = keys.map((key) => truthRows.get(key)!.label!);
  const labels = TASK_LABELS[task] ?? collectLabels(truths, rows);
  const index = new Map(labels.map((label, i) => [label, i]));
  const omitted: Omission[] = [];
  const notices: string[] = [];
  const scoring = readScores(
    rows,
    { task, labels, index, positional: predictions.positionalScores.has(task) },
    omitted,
    notices,
  );
  return {
    problem: {
      task,
      labels,
      keys,
      truth: Int32Array.from(truths, (label) => index.get(label)!),
      predicted: Int32Array.from(rows, (row) => index.get(row.label!)!),
      ...scoring,
    },
    report: {
      matched: keys.length,
      only_in_truth: listLeftovers(onlyInTruth),
      only_in_predictions: listLeftovers(onlyInPredictions),
      truth_unlabelled: listLeftovers(truthUnlabelled),
      prediction_unlabelled: listLeftovers(predictionUnlabelled),
    },
    omitted,
    notices,
  };
}

function collectLabels(truths: readonly string[], rows: readonly LabelRow[]): string[] {
  const labels = new Set(truths);
  for (const row of rows) {
    labels.add(row.label!);
    for (const label of row.scores?.keys() ?? []) labels.add(label);
  }
  return [...labels].sort();
}

type Scoring = Pick<TaskProblem, 'scores' | 'probabilities' | 'confidence' | 'second'>;

interface ScoreContext {
  readonly task: string;
  readonly labels: readonly string[];
  readonly index: ReadonlyMap<string, number>;
  readonly positional: boolean;
}

function readScores(
  rows: readonly LabelRow[],
  { task, labels, index, positional }: ScoreContext,
  omitted: Omission[],
  notices: string[],
): Scoring {
  const size = labels.length;
  const withScores = rows.filter((row) => row.scores !== null).length;
  const second =
    rows.length > 0 && rows.every((row) => row.secondLabel !== null)
      ? Int32Array.from(rows, (row) => index.get(row.secondLabel!) ?? -1)
      : null;
  let scores: Float64Array | null = null;
  if (rows.length > 0 && withScores === rows.length) {
    scores = new Float64Array(rows.length * size);
    const unscored = new Set<string>();
    rows.forEach((row, r) => {
      labels.forEach((label, c) => {
        const score = row.scores!.get(label);
        if (score === undefined) unscored.add(label);
        scores![r * size + c] = score ?? 0;
      });
    });
    if (unscored.size > 0) {
      notices.push(`Task ${task}: no scores for ${[...unscored].join(', ')}; they count as 0.`);
    }
    const disagreeing = countDisagreements(rows, scores, index, size);
    if (positional && disagreeing > rows.length / 10) {
      // A list in another order than assumed gives plausible, wrong figures: better none.
      omitted.push({
        statistics: 'AUC, top-k, calibration, risk-coverage',
        reason:
          `the predicted label is not the highest score in ${disagreeing} of ${rows.length} series, so the scores ` +
          'are probably in another label order; give it with --score-order TASK=LABEL,LABEL,…',
      });
      return { scores: null, probabilities: false, confidence: null, second };
    }
    if (disagreeing > 0) {
      notices.push(
        `Task ${task}: in ${disagreeing} series the predicted label is not the highest score. Accuracy and what ` +
          'follows from the confusion matrix use the label, AUC and top-k the scores.',
      );
    }
  } else {
    const some =
      withScores > 0 ? `${rows.length - withScores} of ${rows.length} series have` : 'the predictions have';
    omitted.push({
      statistics: second === null ? 'AUC, top-k, Brier score' : 'AUC, top-3, Brier score',
      reason: `${some} no scores for every class`,
    });
  }
  const probabilities = scores !== null && areProbabilities(scores, size);
  const confidence =
    scores !== null
      ? probabilities
        ? Float64Array.from(rows, (row, r) => scores[r * size + index.get(row.label!)!]!)
        : null
      : readTopScores(rows);
  if (confidence === null) {
    omitted.push({
      statistics:
        scores === null ? 'calibration and risk-coverage' : 'calibration, Brier score and risk-coverage',
      reason:
        scores === null
          ? 'the predictions have no probability of the predicted label for every series'
          : 'the scores are no probabilities (within 0 … 1, adding up to 1)',
    });
  }
  return { scores, probabilities, confidence, second };
}

function countDisagreements(
  rows: readonly LabelRow[],
  scores: Float64Array,
  index: ReadonlyMap<string, number>,
  size: number,
): number {
  let disagreeing = 0;
  rows.forEach((row, r) => {
    const own = scores[r * size + index.get(row.label!)!]!;
    for (let c = 0; c < size; c++) {
      if (scores[r * size + c]! > own) {
        disagreeing++;
        return;
      }
    }
  });
  return disagreeing;
}

function areProbabilities(scores: Float64Array, size: number): boolean {
  for (let at = 0; at < scores.length; at += size) {
    let sum = 0;
    for (let c = 0; c < size; c++) {
      const score = scores[at + c]!;
      if (score < 0 || score > 1 + 1e-6) return false;
      sum += score;
    }
    // Rounded columns of a CSV do not add up exactly.
    if (Math.abs(sum - 1) > 0.01) return false;
  }
  return true;
}

function readTopScores(rows: readonly LabelRow[]): Float64Array | null {
  if (rows.length === 0) return null;
  const isProbability = (row: LabelRow): boolean => row.score !== null && row.score >= 0 && row.score <= 1;
  return rows.every(isProbability) ? Float64Array.from(rows, (row) => row.score!) : null;
}

/** The tasks of both tables, the vocabulary's first. @throws EvaluationError when there is none. */
export function listCommonTasks(truth: LabelTable, predictions: LabelTable): string[] {
  const known = Object.keys(TASK_LABELS);
  const rank = (task: string): number => (known.includes(task) ? known.indexOf(task) : known.length);
  const common = [...truth.tasks.keys()]
    .filter((task) => predictions.tasks.has(task))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  if (common.length === 0) {
    throw new EvaluationError(
      'no-labels',
      `Truth and predictions have no task in common: truth has ${[...truth.tasks.keys()].join(', ')}, ` +
        `predictions have ${[...predictions.tasks.keys()].join(', ')}.`,
    );
  }
  return common;
}
