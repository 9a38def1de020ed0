/** What a unit as a whole is not published for, although its slices and labels are there. */
import type { BodyPart } from '../../models/labels.ts';
import type { TaskPrediction } from '../../models/scores.ts';
import type { Pipeline } from '../../pipelines/schema.ts';
import type { Reason } from '../reasons.ts';
import type { HeaderEvidence, InstanceRecord, SeriesUnit } from '../records.ts';

/** Body parts whose images show a face or part of one: eyes, nose, mouth, chin, ears. */
const WITH_FACE: ReadonlySet<string> = new Set([
  'head',
  'head-and-face',
  'face-orbits-sinus',
  'temporal-bone',
  'head-and-neck',
  'neck',
  'c-spine',
  'c-and-t-spine',
] satisfies BodyPart[]);
/** A second label counts from this probability on: a face that goes out unmarked is worse than a mark too many. */
const MIN_SECOND_SCORE = 0.05;
/** So many slices of a series with text, and the others are not trusted either; one may be a false alarm. */
const MIN_TEXT_SLICES = 2;

/**
 * Whether a person might be recognised by a rendering of the unit: by the predicted body part, by the second guess, by
 * the header's word, or by a skull in the pixels. Corresponds to Recognizable Visual Features (0028,0302), PS3.3
 * C.7.6.1.1.
 * @param head whether the pixels hold a head by their geometry; null where that is not known
 * @returns null where neither pixels nor header say anything
 */
export function showsFace(
  prediction: Pick<TaskPrediction, 'label' | 'secondLabel' | 'secondScore'> | undefined,
  evidence: Pick<HeaderEvidence, 'bodyPart'> | null,
  head: boolean | null = null,
): boolean | null {
  if (head === true) return true;
  const header = evidence?.bodyPart ?? null;
  if (prediction === undefined && header === null) return null;
  if (header !== null && WITH_FACE.has(header)) return true;
  if (prediction === undefined) return false;
  const { label, secondLabel, secondScore } = prediction;
  return WITH_FACE.has(label) || (WITH_FACE.has(secondLabel) && secondScore >= MIN_SECOND_SCORE);
}

/** Pseudonymous UIDs of series of which several slices have text in their pixels, or say so in their headers. */
export function listSeriesWithText(records: Iterable<InstanceRecord>): Set<string> {
  const counts = new Map<string, number>();
  for (const { reason, seriesInstanceUid } of records) {
    if (reason !== 'burned-in-annotation' || seriesInstanceUid === null) continue;
    counts.set(seriesInstanceUid, (counts.get(seriesInstanceUid) ?? 0) + 1);
  }
  return new Set([...counts].filter(([, count]) => count >= MIN_TEXT_SLICES).map(([uid]) => uid));
}

/**
 * Why a unit that has labels is not published after all, or null.
 * @param isDefaced whether the unit's face was taken out of its pixels
 */
export function withholdUnit(
  unit: SeriesUnit,
  face: boolean | null,
  policy: { faces: Pipeline['deidentify']['faces']; seriesWithText: ReadonlySet<string> },
  isDefaced = false,
): Reason | null {
  if (policy.seriesWithText.has(unit.seriesInstanceUid)) return 'burned-in-annotation';
  // Where nothing is known of the body part, a face is not ruled out.
  return policy.faces !== 'keep' && face !== false && !isDefaced ? 'recognizable-face' : null;
}
