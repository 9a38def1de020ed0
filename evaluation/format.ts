import type { Estimate } from './bootstrap.ts';

/** Measures printed as percentages are shares; these are printed as plain numbers with three decimals. */
const PLAIN_MEASURES = new Set(['auc', 'macro_auc', 'ece', 'brier', 'aurc']);

const NAMES: Readonly<Record<string, string>> = {
  auc: 'AUC',
  macro_auc: 'AUC, mean of classes',
  accuracy: 'Accuracy',
  balanced_accuracy: 'Balanced accuracy',
  weighted_sensitivity: 'Weighted sensitivity',
  micro_f1: 'Micro F1',
  macro_f1: 'Macro F1',
  f1: 'F1',
  ppv: 'PPV',
  npv: 'NPV',
  sensitivity: 'Sensitivity',
  specificity: 'Specificity',
  ece: 'Calibration error (ECE)',
  brier: 'Brier score',
  aurc: 'Area under risk-coverage',
  joint_exact_match: 'All labels right (joint_exact_match)',
  mean_label_accuracy: 'Labels right (mean_label_accuracy)',
  header_coverage: 'Header names a label',
  header_accuracy: 'Header right (silence is wrong)',
  header_accuracy_where_stated: 'Header right, where it speaks',
  pixel_accuracy: 'Pixels right',
  pixel_accuracy_where_stated: 'Pixels right, where the header speaks',
  difference: 'Pixels minus header (silence is wrong)',
  difference_where_stated: 'Pixels minus header, where it speaks',
};

const TASK_NAMES: Readonly<Record<string, string>> = {
  body_part: 'Body part',
  axis: 'Axis',
  contrast: 'IV contrast',
};

/** A task's name for people. */
export function nameTask(task: string): string {
  return TASK_NAMES[task] ?? task;
}

/** A measure's name for people. */
export function nameMeasure(measure: string): string {
  const known = NAMES[measure];
  if (known !== undefined) return known;
  const topK = /^top_(\d+)$/.exec(measure);
  if (topK !== null) return `Top-${topK[1]} accuracy`;
  const accepted = /^accuracy_at_coverage_(\d+)$/.exec(measure);
  if (accepted !== null) return `Accuracy of the most confident ${accepted[1]}%`;
  const covered = /^coverage_at_accuracy_(\d+)$/.exec(measure);
  if (covered !== null) return `Share accepted at ≥ ${covered[1]}% accuracy`;
  return measure;
}

/** True where a measure is a plain number rather than a share. */
export function isPlain(measure: string): boolean {
  return PLAIN_MEASURES.has(measure);
}

/** A value as people read it: shares in percent with one decimal, areas and scores with three decimals. */
export function formatValue(value: number | null, measure: string): string {
  if (value === null) return 'n/a';
  // Adding 0 turns -0 into 0.
  return isPlain(measure) ? (value + 0).toFixed(3) : formatPercent(value);
}

/** A share as a percentage with one decimal, without its sign. */
export function formatPercent(share: number | null): string {
  if (share === null) return 'n/a';
  const text = (100 * share).toFixed(1);
  return text === '-0.0' ? '0.0' : text;
}

/** A value with its interval: `96.0 (94.6 – 97.2)`. */
export function formatEstimate(estimate: Estimate | undefined, measure: string): string {
  if (estimate === undefined) return '';
  const value = formatValue(estimate.value, measure);
  return estimate.low === null || estimate.high === null
    ? value
    : `${value} (${formatValue(estimate.low, measure)} – ${formatValue(estimate.high, measure)})`;
}

/** A difference with its sign and interval: `+1.2 (-0.3 – +2.8)`. */
export function formatDifference(estimate: Estimate, measure: string): string {
  const sign = (value: number | null): string =>
    value === null ? 'n/a' : (value > 0 ? '+' : '') + formatValue(value, measure);
  return estimate.low === null
    ? sign(estimate.value)
    : `${sign(estimate.value)} (${sign(estimate.low)} – ${sign(estimate.high)})`;
}

/** A probability of a test. */
export function formatP(p: number): string {
  return p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(3)}`;
}

/** A whole number with thin groups of thousands. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
