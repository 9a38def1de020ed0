/**
 * What a body-part label covers: the parts it images, and the levels of the body, from the vertex down, that its
 * slices cross. A spine series and a trunk series of the same level share the level, not the part: same anatomy in
 * another field of view and reconstruction (Li et al. 2024, Discussion, names both kinds of error).
 */
interface Coverage {
  readonly parts: readonly string[];
  readonly levels: readonly number[];
}

const BRAIN = 0;
const FACE = 1;
const NECK = 2;
const CHEST = 3;
const ABDOMEN = 4;
const PELVIS = 5;

const COVERAGES: Readonly<Record<string, Coverage>> = {
  head: { parts: ['brain', 'temporal-bone'], levels: [BRAIN, FACE] },
  'head-and-face': { parts: ['brain', 'temporal-bone', 'face'], levels: [BRAIN, FACE] },
  'face-orbits-sinus': { parts: ['face'], levels: [FACE] },
  'temporal-bone': { parts: ['temporal-bone'], levels: [FACE] },
  'head-and-neck': { parts: ['brain', 'temporal-bone', 'face', 'neck'], levels: [BRAIN, FACE, NECK] },
  neck: { parts: ['neck'], levels: [NECK] },
  'c-spine': { parts: ['c-spine'], levels: [NECK] },
  'c-and-t-spine': { parts: ['c-spine', 't-spine'], levels: [NECK, CHEST] },
  't-spine': { parts: ['t-spine'], levels: [CHEST] },
  't-and-l-spine': { parts: ['t-spine', 'l-spine'], levels: [CHEST, ABDOMEN] },
  'l-spine': { parts: ['l-spine'], levels: [ABDOMEN] },
  chest: { parts: ['chest'], levels: [CHEST] },
  'chest-abdomen-pelvis': { parts: ['chest', 'abdomen', 'pelvis'], levels: [CHEST, ABDOMEN, PELVIS] },
  abdomen: { parts: ['abdomen'], levels: [ABDOMEN] },
  'abdomen-pelvis': { parts: ['abdomen', 'pelvis'], levels: [ABDOMEN, PELVIS] },
  pelvis: { parts: ['pelvis'], levels: [PELVIS] },
};

/** The 16 labels in five regions. */
export const COARSE_REGIONS: Readonly<Record<string, string>> = {
  head: 'head',
  'head-and-face': 'head',
  'face-orbits-sinus': 'head',
  'temporal-bone': 'head',
  'head-and-neck': 'neck',
  neck: 'neck',
  'c-spine': 'spine',
  'c-and-t-spine': 'spine',
  't-spine': 'spine',
  't-and-l-spine': 'spine',
  'l-spine': 'spine',
  chest: 'chest',
  'chest-abdomen-pelvis': 'abdomen-pelvis',
  abdomen: 'abdomen-pelvis',
  'abdomen-pelvis': 'abdomen-pelvis',
  pelvis: 'abdomen-pelvis',
};

/**
 * How a predicted body part lies to the true one, the nearest first:
 * `exact`; `too-wide` (covers all of the truth and more) and `too-narrow` (a part of it); `overlap` (shares a part);
 * `same-level` (crosses the same level: neck and C-spine); `adjacent` (the next level); `distant`.
 */
export const ANATOMY_RELATIONS = [
  'exact',
  'too-wide',
  'too-narrow',
  'overlap',
  'same-level',
  'adjacent',
  'distant',
] as const;
export type AnatomyRelation = (typeof ANATOMY_RELATIONS)[number];

/** The relation of a predicted to a true body part. @throws RangeError for a label outside the vocabulary. */
export function relateBodyParts(truth: string, predicted: string): AnatomyRelation {
  const a = COVERAGES[truth];
  const b = COVERAGES[predicted];
  if (a === undefined || b === undefined) throw new RangeError('Not a body-part label of the vocabulary.');
  if (truth === predicted) return 'exact';
  const shared = a.parts.filter((part) => b.parts.includes(part)).length;
  if (shared === a.parts.length) return 'too-wide';
  if (shared === b.parts.length) return 'too-narrow';
  if (shared > 0) return 'overlap';
  const distance = Math.min(...a.levels.flatMap((from) => b.levels.map((to) => Math.abs(from - to))));
  return distance === 0 ? 'same-level' : distance === 1 ? 'adjacent' : 'distant';
}

/** One kind of confusion with its relation. */
interface AnatomyConfusion {
  readonly truth: string;
  readonly predicted: string;
  readonly series: number;
  readonly relation: AnatomyRelation;
}

/** Errors of body part seen by anatomy. Shares are of all series. */
export interface AnatomySummary {
  readonly relations: Readonly<Record<AnatomyRelation, number>>;
  /** Exact, or the prediction shares a part with the truth. */
  readonly accuracy_up_to_overlap: number | null;
  /** Exact, or the prediction shares a part or a level with the truth. */
  readonly accuracy_up_to_level: number | null;
  readonly coarse_region_accuracy: number | null;
  /** Every confusion that occurs, the most frequent first. */
  readonly confusions: readonly AnatomyConfusion[];
}

/** Sums up a body-part confusion matrix `[truth][predicted]`. */
export function summarizeAnatomy(
  labels: readonly string[],
  matrix: readonly (readonly number[])[],
): AnatomySummary {
  const relations = Object.fromEntries(ANATOMY_RELATIONS.map((relation) => [relation, 0])) as Record<
    AnatomyRelation,
    number
  >;
  const confusions: AnatomyConfusion[] = [];
  let total = 0;
  let sameRegion = 0;
  labels.forEach((truth, t) => {
    labels.forEach((predicted, p) => {
      const series = matrix[t]![p]!;
      if (series === 0) return;
      const relation = relateBodyParts(truth, predicted);
      relations[relation] += series;
      total += series;
      if (COARSE_REGIONS[truth] === COARSE_REGIONS[predicted]) sameRegion += series;
      if (relation !== 'exact') confusions.push({ truth, predicted, series, relation });
    });
  });
  confusions.sort((a, b) => b.series - a.series);
  const share = (...kinds: AnatomyRelation[]): number | null =>
    total === 0 ? null : kinds.reduce((sum, kind) => sum + relations[kind], 0) / total;
  return {
    relations,
    accuracy_up_to_overlap: share('exact', 'too-wide', 'too-narrow', 'overlap'),
    accuracy_up_to_level: share('exact', 'too-wide', 'too-narrow', 'overlap', 'same-level'),
    coarse_region_accuracy: total === 0 ? null : sameRegion / total,
    confusions,
  };
}
