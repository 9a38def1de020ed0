import { ANATOMY_RELATIONS } from './anatomy.ts';
import type { McnemarTest, TaskComparison } from './comparison.ts';
import { CLASS_MEASURES } from './confusion.ts';
import type { Comparison, Evaluation, TaskEvaluation } from './evaluate.ts';
import {
  formatCount,
  formatDifference,
  formatEstimate,
  formatP,
  formatPercent,
  formatValue,
  isPlain,
  nameMeasure,
  nameTask,
} from './format.ts';
import type { GateResult } from './gate.ts';
import type { HeaderBaseline } from './header-baseline.ts';
import type { SubgroupTable } from './subgroups.ts';

/** A table of a report, with the first column naming the rows. */
export interface ReportTable {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Said under the table. */
  readonly note?: string;
}

/** Measures shown in a table for the given task, in the order of the result. */
export function tabulateMeasures(task: TaskEvaluation): ReportTable {
  return {
    caption: `${nameTask(task.task)}: the task as a whole`,
    columns: ['Measure', 'Value (95% interval)'],
    rows: [
      ...Object.entries(task.measures).map(([measure, estimate]) => [
        nameMeasure(measure),
        withUnit(formatEstimate(estimate, measure), measure),
      ]),
      ...(task.accuracy_missing_as_wrong !== null && countUnpredicted(task) > 0
        ? [['Accuracy, missing counted as wrong', `${formatPercent(task.accuracy_missing_as_wrong)} %`]]
        : []),
    ],
  };
}

function withUnit(text: string, measure: string): string {
  return isPlain(measure) || text === 'n/a' ? text : `${text} %`;
}

/** Series of the truth that have no prediction. */
function countUnpredicted(task: TaskEvaluation): number {
  return task.join.only_in_truth.count + task.join.prediction_unlabelled.count;
}

/** One row for each class that occurs. */
export function tabulateClasses(task: TaskEvaluation): ReportTable {
  const measures = CLASS_MEASURES.filter((measure) =>
    Object.values(task.classes).some((result) => result.measures[measure] !== undefined),
  );
  const present = Object.entries(task.classes).filter(
    ([, { support, predicted }]) => support + predicted > 0,
  );
  const absent = task.labels.filter((label) => !present.some(([name]) => name === label));
  return {
    caption: `${nameTask(task.task)}: each class against the rest, in % but AUC`,
    columns: ['Class', 'Series', ...measures.map(nameMeasure)],
    rows: present.map(([label, result]) => [
      label,
      formatCount(result.support),
      ...measures.map((measure) => formatEstimate(result.measures[measure], measure)),
    ]),
    ...(absent.length > 0 ? { note: `In neither truth nor prediction: ${absent.join(', ')}.` } : {}),
  };
}

/** The join, for every task. */
export function tabulateJoin(evaluation: Evaluation): ReportTable {
  return {
    caption: 'What was joined, and what was left out',
    columns: [
      'Task',
      'Evaluated',
      'Clusters',
      'Only in truth',
      'Only in predictions',
      'Truth without label',
      'Prediction without label',
    ],
    rows: Object.values(evaluation.tasks).map((task) => [
      nameTask(task.task),
      formatCount(task.series),
      formatCount(task.clusters),
      formatCount(task.join.only_in_truth.count),
      formatCount(task.join.only_in_predictions.count),
      formatCount(task.join.truth_unlabelled.count),
      formatCount(task.join.prediction_unlabelled.count),
    ]),
  };
}

/** Left-out series units by name, a line for each kind. */
export function listLeftOut(evaluation: Evaluation): string[] {
  const lines: string[] = [];
  for (const task of Object.values(evaluation.tasks)) {
    const kinds = [
      ['only in the truth', task.join.only_in_truth],
      ['only in the predictions', task.join.only_in_predictions],
      ['truth without a label', task.join.truth_unlabelled],
      ['prediction without a label', task.join.prediction_unlabelled],
    ] as const;
    for (const [kind, leftover] of kinds) {
      if (leftover.count === 0) continue;
      const more = leftover.count - leftover.series_units.length;
      lines.push(
        `${nameTask(task.task)}, ${kind} (${formatCount(leftover.count)}): ${leftover.series_units.join(', ')}` +
          (more > 0 ? ` and ${formatCount(more)} more` : ''),
      );
    }
  }
  return lines;
}

/** Statistics left out, a line for each task and reason. */
export function listOmissions(evaluation: Evaluation): string[] {
  return Object.values(evaluation.tasks).flatMap((task) =>
    task.omitted.map(
      ({ statistics, reason }) => `${nameTask(task.task)}: ${statistics} left out; ${reason}.`,
    ),
  );
}

/** All tasks of a series together. */
export function tabulateJoint(evaluation: Evaluation): ReportTable | null {
  const { joint } = evaluation;
  if (joint === null) return null;
  return {
    caption: `${joint.tasks.map(nameTask).join(', ')} together: ${formatCount(joint.series)} series`,
    columns: ['Measure', 'Value (95% interval)', 'Series'],
    rows: [
      ...['joint_exact_match', 'mean_label_accuracy'].map((measure) => [
        nameMeasure(measure),
        `${formatEstimate(joint.measures[measure], measure)} %`,
        '',
      ]),
      ...joint.wrong_labels.map((series, wrong) => [
        `${wrong} of ${joint.tasks.length} labels wrong`,
        `${formatEstimate(joint.measures[`wrong_${wrong}`], 'accuracy')} %`,
        formatCount(series),
      ]),
    ],
  };
}

/** A row for each group and the pooled row, as in the paper's Table 4. */
export function tabulateSubgroup(table: SubgroupTable): ReportTable {
  const tasks = Object.keys(table.pooled.tasks);
  const hasJoint = table.pooled.joint !== null;
  return {
    caption: `By ${table.column}`,
    columns: [
      table.column,
      'Series',
      'Clusters',
      ...tasks.map((task) => `${nameTask(task)} accuracy, %`),
      ...(hasJoint ? ['All labels right, %', 'Labels right, %'] : []),
      ...tasks.map((task) => `${nameTask(task)} macro F1, %`),
    ],
    rows: [...table.groups, table.pooled].map((group) => [
      group.name,
      formatCount(group.series),
      formatCount(group.clusters),
      ...tasks.map((task) => formatEstimate(group.tasks[task]?.measures.accuracy, 'accuracy')),
      ...(hasJoint
        ? ['joint_exact_match', 'mean_label_accuracy'].map((name) =>
            formatEstimate(group.joint?.[name], name),
          )
        : []),
      ...tasks.map((task) => formatEstimate(group.tasks[task]?.measures.macro_f1, 'macro_f1')),
    ]),
    ...(table.note === null ? {} : { note: table.note }),
  };
}

/** How wrong the wrong body parts are. */
export function tabulateAnatomy(
  task: TaskEvaluation,
): { relations: ReportTable; confusions: ReportTable } | null {
  const { anatomy } = task;
  if (anatomy === null) return null;
  return {
    relations: {
      caption: 'Errors seen by anatomy',
      columns: ['Prediction lies to truth', 'Series', 'Share, %'],
      rows: [
        ...ANATOMY_RELATIONS.map((relation) => [
          relation,
          formatCount(anatomy.relations[relation]),
          formatPercent(task.series === 0 ? null : anatomy.relations[relation] / task.series),
        ]),
        ['exact or sharing a part', '', formatPercent(anatomy.accuracy_up_to_overlap)],
        ['… or a level of the body', '', formatPercent(anatomy.accuracy_up_to_level)],
        ['in the same of five coarse regions', '', formatPercent(anatomy.coarse_region_accuracy)],
      ],
    },
    confusions: {
      caption: 'Most frequent confusions',
      columns: ['Truth', 'Predicted', 'Series', 'Relation'],
      rows: anatomy.confusions
        .slice(0, 15)
        .map(({ truth, predicted, series, relation }) => [truth, predicted, formatCount(series), relation]),
      ...(anatomy.confusions.length > 15
        ? { note: `${anatomy.confusions.length - 15} rarer kinds are in the JSON.` }
        : {}),
    },
  };
}

/** The header alone, beside the pixels. */
export function tabulateHeader(baseline: HeaderBaseline): ReportTable {
  return {
    caption: `${nameTask(baseline.task)}: the header alone, beside the pixels`,
    columns: ['Measure', 'Value (95% interval)'],
    rows: Object.entries(baseline.measures).map(([name, estimate]) => [
      nameMeasure(name),
      `${name.startsWith('difference') ? formatDifference(estimate, name) : formatEstimate(estimate, name)} %`,
    ]),
    note:
      `The header names a label in ${formatCount(baseline.stated)} of ${formatCount(baseline.series)} series` +
      `${baseline.unreadable > 0 ? ` (${formatCount(baseline.unreadable)} hold something else)` : ''}. ` +
      `Where it does: ${describeMcnemar(baseline.mcnemar, 'the pixels', 'the header')}`,
  };
}

/** Two predictions of one task. */
export function tabulateComparison(comparison: TaskComparison): ReportTable {
  return {
    caption: `${nameTask(comparison.task)}: first and second predictions, ${formatCount(comparison.series)} series`,
    columns: ['Measure', 'First', 'Second', 'First minus second (95% interval)'],
    rows: Object.entries(comparison.measures).map(([measure, { first, second, difference }]) => [
      nameMeasure(measure) + (isPlain(measure) ? '' : ', %'),
      formatValue(first, measure),
      formatValue(second, measure),
      formatDifference(difference, measure),
    ]),
    note: describeMcnemar(comparison.mcnemar, 'the first', 'the second'),
  };
}

/** Sensitivity of each class in both predictions: where one loses. */
export function tabulateClassComparison(comparison: TaskComparison): ReportTable {
  return {
    caption: `${nameTask(comparison.task)}: sensitivity of each class, first and second`,
    columns: ['Class', 'Series', 'First, %', 'Second, %', 'First minus second (95% interval)'],
    rows: Object.entries(comparison.classes)
      .filter(([, { support }]) => support > 0)
      .map(([label, { support, measures }]) => {
        const { first, second, difference } = measures.sensitivity!;
        return [
          label,
          formatCount(support),
          formatPercent(first),
          formatPercent(second),
          formatDifference(difference, 'sensitivity'),
        ];
      }),
  };
}

/** All labels of a series, in both predictions. */
export function tabulateJointComparison(comparison: Comparison): ReportTable | null {
  const { joint } = comparison;
  if (joint === null) return null;
  return {
    caption: `All labels of a series: first and second predictions, ${formatCount(joint.series)} series`,
    columns: ['Measure', 'First, %', 'Second, %', 'First minus second (95% interval)'],
    rows: ['joint_exact_match', 'mean_label_accuracy'].map((name) => {
      const { first, second, difference } = joint.measures[name]!;
      return [
        nameMeasure(name),
        formatPercent(first),
        formatPercent(second),
        formatDifference(difference, name),
      ];
    }),
    note: describeMcnemar(joint.mcnemar, 'the first', 'the second'),
  };
}

/** McNemar's test in words. */
function describeMcnemar(test: McnemarTest, first: string, second: string): string {
  return (
    `only ${first} right in ${formatCount(test.only_first_right)}, only ${second} in ` +
    `${formatCount(test.only_second_right)} series; McNemar exact ${formatP(test.p_value)}, which takes series as ` +
    'independent.'
  );
}

/** The gate's findings, failures first. */
export function tabulateGate(gate: GateResult): ReportTable {
  const rank = { fail: 0, skipped: 1, pass: 2 };
  return {
    caption: gate.passed ? 'Release gate: passed' : 'Release gate: FAILED',
    columns: ['Result', 'Rule', 'Value named', 'Limit', 'Found', 'Note'],
    rows: [...gate.findings]
      .sort((a, b) => rank[a.result] - rank[b.result])
      .map(({ result, rule, path, limit, value, note }) => [
        result === 'fail' ? 'FAIL' : result,
        rule,
        path,
        String(limit),
        value === null ? 'n/a' : String(Number(value.toFixed(4))),
        note ?? '',
      ]),
  };
}

/** What the words mean; said once at the end of every report. */
export const DEFINITIONS: readonly string[] = [
  'Classes are measured one against the rest. A ratio over nothing is 0 (F1, PPV, NPV, sensitivity, specificity); a class without truth is left out of balanced accuracy; macro F1 is over classes that occur in truth or prediction; AUC is undefined (n/a) where a class has no true series, or no other: scikit-learn’s definitions.',
  'In a single-label task weighted sensitivity and micro F1 equal accuracy.',
  'joint_exact_match: every label of a series right. mean_label_accuracy: share of labels right. Two measures, which are sometimes both called multi-class accuracy.',
  'Intervals: percentile bootstrap (2.5 – 97.5) over whole clusters; a round in which a statistic is undefined is left out of its interval.',
  'ECE: 15 bins of equal width over the probability of the predicted label. Brier score: squared distance of all probabilities from the truth, 0 … 2. Risk-coverage: error of the series that a threshold on that probability accepts.',
];
