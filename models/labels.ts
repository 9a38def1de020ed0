/** The paper's label vocabulary (Li et al. 2024, doi 10.1177/08465371231180844), in the paper's order. */
export const BODY_PARTS = [
  'head',
  'head-and-face',
  'face-orbits-sinus',
  'temporal-bone',
  'head-and-neck',
  'neck',
  'c-spine',
  'c-and-t-spine',
  't-spine',
  't-and-l-spine',
  'l-spine',
  'chest',
  'chest-abdomen-pelvis',
  'abdomen',
  'abdomen-pelvis',
  'pelvis',
] as const;

/** Imaging axis: the patient plane in which a stack's slices lie. */
export const AXES = ['axial', 'coronal', 'sagittal'] as const;

/** Intravenous contrast. */
export const CONTRASTS = ['no', 'yes'] as const;

/** The three classification tasks, in the order in which tables list them. */
export const TASKS = ['body_part', 'axis', 'contrast'] as const;

export type BodyPart = (typeof BODY_PARTS)[number];
export type Axis = (typeof AXES)[number];
export type Contrast = (typeof CONTRASTS)[number];
export type Task = (typeof TASKS)[number];

/** The labels of each task, in the vocabulary's order. */
export const LABELS = { body_part: BODY_PARTS, axis: AXES, contrast: CONTRASTS } as const satisfies Record<
  Task,
  readonly string[]
>;
