/** Why a cohort cannot be written as asked. Messages hold what the user gave and keys of the manifest, nothing else. */
export class CohortError extends Error {
  readonly code:
    | 'condition-invalid'
    | 'target-in-use'
    | 'target-differs'
    | 'split-invalid'
    | 'manifest-foreign';

  constructor(code: CohortError['code'], message: string) {
    super(message);
    this.name = 'CohortError';
    this.code = code;
  }
}

/** Why one series unit could not be written in the format asked for; the rest of the cohort goes on. */
export const UNIT_PROBLEMS = {
  'no-dicom-published': 'The pipeline says `publish.dicom: false`.',
  'file-missing': 'A de-identified file is gone: run the pipeline again with the same output.',
  'file-damaged': 'A de-identified file cannot be read: run the pipeline again with the same output.',
  'spacing-irregular':
    'NIfTI knows even grids alone: a slice lies off it by more than 0.1 mm and 5 % of a step. Slices are missing, or the spacing changes. Nothing is interpolated in silence; take `dicom`.',
  'frames-of-several-units': 'Frames of one multi-frame file belong to several units.',
  'tensor-differs':
    "The model input made again is not the run's: files were changed, or another version made it.",
  'no-labels': 'Write-back: the unit was not classified.',
  refused: 'Write-back: the server or peer did not take this report.',
} as const;

export type UnitProblem = keyof typeof UNIT_PROBLEMS;

/** Thrown while one unit is written; becomes its row's `problem`. */
export class UnitError extends Error {
  readonly problem: UnitProblem;

  constructor(problem: UnitProblem) {
    super(problem);
    this.name = 'UnitError';
    this.problem = problem;
  }
}
