import type { BodyPart, Task } from '../../models/labels.ts';
import { INPUT_REASONS, type InputReason } from '../classify/judge-input.ts';

/** How a label of the header stands to the label from pixels. */
export type Agreement = 'agree' | 'refine' | 'conflict' | 'header-silent';

/**
 * What each region contains, itself left out. `refine` holds between a region and one that it contains: the header
 * says "chest" of a scan from the neck to the pelvis, or "head" of the orbits. Overlap alone is no refinement: chest
 * and abdomen touch, and one is wrong about the other.
 */
const CONTAINS: Readonly<Record<BodyPart, readonly BodyPart[]>> = {
  head: ['face-orbits-sinus', 'temporal-bone'],
  'head-and-face': ['head', 'face-orbits-sinus', 'temporal-bone'],
  'face-orbits-sinus': [],
  'temporal-bone': [],
  'head-and-neck': ['head', 'head-and-face', 'face-orbits-sinus', 'temporal-bone', 'neck', 'c-spine'],
  neck: ['c-spine'],
  'c-spine': [],
  'c-and-t-spine': ['c-spine', 't-spine'],
  't-spine': [],
  't-and-l-spine': ['t-spine', 'l-spine'],
  'l-spine': [],
  chest: ['t-spine'],
  'chest-abdomen-pelvis': [
    'chest',
    'abdomen',
    'abdomen-pelvis',
    'pelvis',
    't-spine',
    't-and-l-spine',
    'l-spine',
  ],
  abdomen: ['l-spine'],
  'abdomen-pelvis': ['abdomen', 'pelvis', 'l-spine'],
  pelvis: [],
};

/** Whether `outer` contains `inner` in the anatomy of the label vocabulary. A region does not contain itself. */
export function contains(outer: BodyPart, inner: BodyPart): boolean {
  return CONTAINS[outer].includes(inner);
}

/**
 * Compares the header's claim with the label from pixels.
 * @param header in the label vocabulary of the task, or null when the header is silent
 */
export function compareEvidence(task: Task, header: string | null, predicted: string): Agreement {
  if (header === null) return 'header-silent';
  if (header === predicted) return 'agree';
  if (task === 'body_part' && isBodyPart(header) && isBodyPart(predicted)) {
    if (contains(header, predicted) || contains(predicted, header)) return 'refine';
  }
  return 'conflict';
}

function isBodyPart(label: string): label is BodyPart {
  return Object.hasOwn(CONTAINS, label);
}

/** Why a unit's labels should be looked at by a person. */
export const REVIEW_REASONS = [
  'low-score-body_part',
  'low-score-axis',
  'low-score-contrast',
  ...INPUT_REASONS,
  'axis-differs-from-geometry',
  'header-conflict-body_part',
  'header-conflict-axis',
  'header-conflict-contrast',
  'irregular-spacing',
  'missing-slices',
] as const;

export type ReviewReason = (typeof REVIEW_REASONS)[number];

export interface ReviewInput {
  /** Calibrated probability of the label of each task. */
  scores: Readonly<Record<Task, number>>;
  /** Scores under these are reviewed, a plane's only where geometry does not say the same. */
  reviewBelow: Readonly<Record<Task, number>>;
  /** Scores from which on the bundle itself believes its labels; those of other tasks always. */
  acceptFrom: Readonly<Partial<Record<Task, number>>>;
  /** Why the pixels are not such as the bundle was made for. */
  inputReasons: readonly InputReason[];
  agreement: Readonly<Record<Task, Agreement>>;
  /** Label of the axis from pixels. */
  axis: string;
  /** From image orientation alone; null when unknown. */
  axisGeometry: string | null;
  sliceSpacingRegular: boolean | null;
  sliceGapCount: number | null;
}

const TASK_NAMES: readonly Task[] = ['body_part', 'axis', 'contrast'];

/**
 * The reasons for review of one unit, in the order of {@link REVIEW_REASONS}; empty when none holds. Those of scores are
 * said again in SQL by manifest/review-below.ts.
 */
export function reviewReasons(input: ReviewInput): ReviewReason[] {
  const reasons = new Set<ReviewReason>();
  for (const task of TASK_NAMES) {
    const isLow = input.scores[task] < Math.max(input.reviewBelow[task], input.acceptFrom[task] ?? 0);
    // Geometry is the better witness of a plane: where it says the same, a low score is no doubt (docs/adr/0011).
    const isConfirmed = task === 'axis' && input.axisGeometry === input.axis;
    if (isLow && !isConfirmed) reasons.add(`low-score-${task}`);
    if (input.agreement[task] === 'conflict') reasons.add(`header-conflict-${task}`);
  }
  for (const reason of input.inputReasons) reasons.add(reason);
  if (input.axisGeometry !== null && input.axisGeometry !== input.axis)
    reasons.add('axis-differs-from-geometry');
  if (input.sliceGapCount !== null && input.sliceGapCount > 0) reasons.add('missing-slices');
  else if (input.sliceSpacingRegular === false) reasons.add('irregular-spacing');
  return REVIEW_REASONS.filter((reason) => reasons.has(reason));
}
