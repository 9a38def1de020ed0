import { type AnatomySummary, summarizeAnatomy } from './anatomy.ts';
import { type Attributes, type ClusterKind, createAttributeLookup, createClustering } from './attributes.ts';
import { type BootstrapOptions, type Estimate, estimateStatistics } from './bootstrap.ts';
import {
  compareTask,
  type Difference,
  estimateDifferences,
  type McnemarTest,
  type TaskComparison,
  testMcnemar,
} from './comparison.ts';
import type { ReliabilityBin, RiskCoveragePoint } from './confidence.ts';
import { EvaluationError } from './errors.ts';
import { type HeaderBaseline, measureHeaderBaseline } from './header-baseline.ts';
import { type JoinReport, joinTask, listCommonTasks, type Omission } from './join.ts';
import { type JointProblem, joinTasks, planJointStatistics } from './joint.ts';
import type { LabelAliases } from './labels.ts';
import { type SubgroupRequest, type SubgroupTable, tabulateSubgroups } from './subgroups.ts';
import type { LabelTable } from './tables.ts';
import {
  describeConfidence,
  planTaskStatistics,
  type TaskProblem,
  tabulateConfusion,
} from './task-statistics.ts';

/** What to evaluate. */
export interface EvaluationInput {
  readonly truth: LabelTable;
  readonly predictions: LabelTable;
  /** Further columns by series unit, such as a run's series table: clusters, subgroups, header labels. */
  readonly seriesAttributes?: Attributes;
  /** A second set of predictions, to compare with the first. */
  readonly compare?: LabelTable;
}

/** How to evaluate. */
export interface EvaluationOptions {
  /** Bootstrap rounds; 0 for no intervals. */
  readonly rounds: number;
  readonly seed: number;
  readonly cluster: ClusterKind;
  readonly subgroups: readonly SubgroupRequest[];
  readonly aliases?: LabelAliases;
}

/** One class against the rest. */
interface ClassEvaluation {
  readonly support: number;
  readonly predicted: number;
  /** `CLASS_MEASURES`; AUC only with scores. */
  readonly measures: Readonly<Record<string, Estimate>>;
}

/** One task's results. */
export interface TaskEvaluation {
  readonly task: string;
  readonly labels: readonly string[];
  readonly series: number;
  readonly clusters: number;
  readonly join: JoinReport;
  readonly measures: Readonly<Record<string, Estimate>>;
  /** Share right of all labelled series of the truth, one without a prediction counting as wrong. */
  readonly accuracy_missing_as_wrong: number | null;
  /** `[truth][predicted]` counts. */
  readonly confusion: readonly (readonly number[])[];
  readonly classes: Readonly<Record<string, ClassEvaluation>>;
  readonly calibration: { readonly bins: readonly ReliabilityBin[] } | null;
  readonly risk_coverage: readonly RiskCoveragePoint[] | null;
  readonly anatomy: AnatomySummary | null;
  readonly omitted: readonly Omission[];
}

/** All tasks of a series together. */
interface JointEvaluation {
  readonly tasks: readonly string[];
  readonly series: number;
  readonly clusters: number;
  readonly measures: Readonly<Record<string, Estimate>>;
  /** Series by number of wrong labels, from none to all. */
  readonly wrong_labels: readonly number[];
}

/** First and second predictions, on the series that both have. */
export interface Comparison {
  readonly tasks: Readonly<Record<string, TaskComparison>>;
  readonly joint: {
    readonly series: number;
    readonly measures: Readonly<Record<string, Difference>>;
    readonly mcnemar: McnemarTest;
  } | null;
}

/** The whole result; `evaluation.json` is this. */
export interface Evaluation {
  readonly schema: 'serieswise.evaluation/1';
  readonly settings: {
    readonly bootstrap_rounds: number;
    readonly seed: number;
    readonly cluster: ClusterKind;
    readonly interval: 'percentile 2.5 – 97.5' | null;
  };
  readonly notices: readonly string[];
  readonly tasks: Readonly<Record<string, TaskEvaluation>>;
  readonly joint: JointEvaluation | null;
  readonly subgroups: readonly SubgroupTable[];
  readonly header_baseline: Readonly<Record<string, HeaderBaseline>> | null;
  readonly comparison: Comparison | null;
}

/**
 * Computes everything from tables in memory: pure, and the same for the same rows in any order.
 * @throws EvaluationError where the tables do not hold what was asked for.
 */
export function evaluateLabels(input: EvaluationInput, options: EvaluationOptions): Evaluation {
  const { truth, predictions } = input;
  const lookup = createAttributeLookup([
    truth.attributes,
    predictions.attributes,
    ...(input.seriesAttributes === undefined ? [] : [input.seriesAttributes]),
  ]);
  const clustering = createClustering(options.cluster, lookup);
  const bootstrap = { rounds: options.rounds, seed: options.seed };
  const notices = [...truth.notices, ...predictions.notices];
  const tasks = listCommonTasks(truth, predictions);
  for (const task of new Set([...truth.tasks.keys(), ...predictions.tasks.keys()])) {
    if (!tasks.includes(task)) {
      notices.push(
        `Task ${task} is only in the ${truth.tasks.has(task) ? 'truth' : 'predictions'}: left out.`,
      );
    }
  }
  const joined = tasks.map((task) => joinTask(task, truth, predictions));
  if (joined.every(({ problem }) => problem.keys.length === 0)) {
    throw new EvaluationError(
      'no-common-series',
      'No series unit has both a true and a predicted label: do the values of "series_unit" in both tables come ' +
        'from the same run? Keys are compared as text, to the letter.',
    );
  }
  const problems = joined.map(({ problem }) => problem).filter((problem) => problem.keys.length > 0);
  notices.push(...joined.flatMap((task) => task.notices));
  addClusterNotices(
    notices,
    options,
    clustering.countMissing(problems.flatMap((problem) => problem.keys)),
    lookup,
  );

  const evaluated: Record<string, TaskEvaluation> = {};
  for (const { problem, report, omitted } of joined) {
    if (problem.keys.length === 0) {
      notices.push(`Task ${problem.task} has no series with both a true and a predicted label: left out.`);
      continue;
    }
    const clusters = clustering.of(problem.keys);
    evaluated[problem.task] = {
      ...measureTask(problem, { ...bootstrap, ...clusters, purpose: `task/${problem.task}` }),
      clusters: clusters.clusterCount,
      join: report,
      accuracy_missing_as_wrong:
        countRight(problem) /
        (problem.keys.length +
          countLabelledOnlyInTruth(problem.task, truth, predictions) +
          report.prediction_unlabelled.count),
      omitted,
    };
  }
  const joint = joinTasks(problems);
  return {
    schema: 'serieswise.evaluation/1',
    settings: {
      bootstrap_rounds: options.rounds,
      seed: options.seed,
      cluster: options.cluster,
      interval: options.rounds > 0 ? 'percentile 2.5 – 97.5' : null,
    },
    notices,
    tasks: evaluated,
    joint:
      joint === null || joint.keys.length === 0
        ? null
        : measureJoint(joint, bootstrap, clustering.of(joint.keys)),
    subgroups: requestedSubgroups(options, lookup.columns).map((request) =>
      tabulateSubgroups(request, { problems, lookup, bootstrap, clusterOf: clustering.of }),
    ),
    header_baseline: measureHeaders(problems, lookup, bootstrap, clustering.of, options.aliases),
    comparison:
      input.compare === undefined
        ? null
        : compareAll(problems, truth, input.compare, bootstrap, clustering.of, notices),
  };
}

type ClusterOf = ReturnType<typeof createClustering>['of'];
type Resampling = Pick<BootstrapOptions, 'rounds' | 'seed'>;

function addClusterNotices(
  notices: string[],
  options: EvaluationOptions,
  missing: number,
  lookup: { find(columns: readonly string[]): unknown },
): void {
  if (missing > 0) {
    notices.push(
      `${missing} label(s) belong to a series unit without a ${options.cluster}: each is its own cluster.`,
    );
  }
  if (
    options.cluster === 'series' &&
    options.rounds > 0 &&
    lookup.find(['patient', 'patient_id']) !== undefined
  ) {
    notices.push('Series of one patient are alike: --cluster patient gives intervals that allow for it.');
  }
}

/** Where the table says what was sent to review, that split is always shown. */
function requestedSubgroups(options: EvaluationOptions, columns: readonly string[]): SubgroupRequest[] {
  const asked = options.subgroups.some(({ column }) => column === 'needs_review');
  return columns.includes('needs_review') && !asked
    ? [...options.subgroups, { column: 'needs_review' }]
    : [...options.subgroups];
}

function countRight(problem: TaskProblem): number {
  return problem.truth.filter((truth, row) => truth === problem.predicted[row]).length;
}

function countLabelledOnlyInTruth(task: string, truth: LabelTable, predictions: LabelTable): number {
  const predicted = predictions.tasks.get(task);
  let count = 0;
  for (const [key, row] of truth.tasks.get(task) ?? []) {
    if (row.label !== null && predicted?.has(key) !== true) count++;
  }
  return count;
}

function measureTask(
  problem: TaskProblem,
  bootstrap: BootstrapOptions,
): Omit<TaskEvaluation, 'clusters' | 'join' | 'omitted' | 'accuracy_missing_as_wrong'> {
  const confusion = tabulateConfusion(problem);
  const measures: Record<string, Estimate> = {};
  const classes: Record<string, { support: number; predicted: number; measures: Record<string, Estimate> }> =
    {};
  problem.labels.forEach((label, c) => {
    classes[label] = {
      support: confusion[c]!.reduce((sum, count) => sum + count, 0),
      predicted: confusion.reduce((sum, row) => sum + row[c]!, 0),
      measures: {},
    };
  });
  for (const [name, estimate] of estimateStatistics(planTaskStatistics(problem, 'full'), bootstrap)) {
    const [label, measure] = name.split('.');
    if (measure === undefined) measures[name] = estimate;
    else classes[label!]!.measures[measure] = estimate;
  }
  const confidence = describeConfidence(problem);
  return {
    task: problem.task,
    labels: problem.labels,
    series: problem.keys.length,
    measures,
    confusion,
    classes,
    calibration: confidence === null ? null : { bins: confidence.bins },
    risk_coverage: confidence?.curve ?? null,
    anatomy: problem.task === 'body_part' ? summarizeAnatomy(problem.labels, confusion) : null,
  };
}

function measureJoint(
  joint: JointProblem,
  bootstrap: Resampling,
  clusters: ReturnType<ClusterOf>,
): JointEvaluation {
  const options = { ...bootstrap, ...clusters, purpose: 'joint' };
  return {
    tasks: joint.tasks,
    series: joint.keys.length,
    clusters: clusters.clusterCount,
    measures: Object.fromEntries(estimateStatistics(planJointStatistics(joint), options)),
    wrong_labels: Array.from(
      { length: joint.tasks.length + 1 },
      (_, count) => joint.wrong.filter((wrong) => wrong === count).length,
    ),
  };
}

function measureHeaders(
  problems: readonly TaskProblem[],
  lookup: ReturnType<typeof createAttributeLookup>,
  bootstrap: Resampling,
  clusterOf: ClusterOf,
  aliases: LabelAliases | undefined,
): Record<string, HeaderBaseline> | null {
  const baselines: Record<string, HeaderBaseline> = {};
  for (const problem of problems) {
    const header = lookup.find([`${problem.task}_header`]);
    if (header === undefined) continue;
    const options = { ...bootstrap, ...clusterOf(problem.keys), purpose: `header/${problem.task}` };
    baselines[problem.task] = measureHeaderBaseline(problem, header, options, aliases);
  }
  return Object.keys(baselines).length > 0 ? baselines : null;
}

function compareAll(
  problems: readonly TaskProblem[],
  truth: LabelTable,
  compare: LabelTable,
  bootstrap: Resampling,
  clusterOf: ClusterOf,
  notices: string[],
): Comparison {
  const tasks: Record<string, TaskComparison> = {};
  const seconds: TaskProblem[] = [];
  for (const problem of problems) {
    const second = compare.tasks.has(problem.task) ? joinTask(problem.task, truth, compare).problem : null;
    const comparison = second === null ? null : compareTask(problem, second, bootstrap, clusterOf);
    if (second === null || comparison === null) {
      notices.push(
        `Task ${problem.task} cannot be compared: the second predictions share no series or labels with it.`,
      );
      continue;
    }
    tasks[problem.task] = comparison;
    seconds.push(second);
  }
  if (Object.keys(tasks).length === 0) {
    throw new EvaluationError(
      'no-common-series',
      'The predictions of --compare share no series and task with --predictions.',
    );
  }
  return {
    tasks,
    joint: compareJoint(
      problems.filter(({ task }) => task in tasks),
      seconds,
      bootstrap,
      clusterOf,
    ),
  };
}

function compareJoint(
  firsts: readonly TaskProblem[],
  seconds: readonly TaskProblem[],
  bootstrap: Resampling,
  clusterOf: ClusterOf,
): Comparison['joint'] {
  const a = joinTasks(firsts);
  const b = joinTasks(seconds);
  if (a === null || b === null) return null;
  const inB = new Map(b.keys.map((key, row) => [key, b.wrong[row]!]));
  const rows = [...a.keys.keys()].filter((row) => inB.has(a.keys[row]!));
  if (rows.length === 0) return null;
  const keys = rows.map((row) => a.keys[row]!);
  const first = { ...a, keys, wrong: Uint8Array.from(rows, (row) => a.wrong[row]!) };
  const second = { ...b, keys, wrong: Uint8Array.from(keys, (key) => inB.get(key)!) };
  const exact = (joint: JointProblem): Uint8Array => joint.wrong.map((wrong) => (wrong === 0 ? 1 : 0));
  return {
    series: keys.length,
    measures: Object.fromEntries(
      estimateDifferences(planJointStatistics(first), planJointStatistics(second), {
        ...bootstrap,
        ...clusterOf(keys),
        purpose: 'compare/joint',
      }),
    ),
    mcnemar: testMcnemar(exact(first), exact(second)),
  };
}
