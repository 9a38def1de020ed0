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
export type UnitProblem =
  | 'no-dicom-published'
  | 'file-missing'
  | 'file-damaged'
  | 'spacing-irregular'
  | 'frames-of-several-units'
  | 'tensor-differs'
  | 'no-labels'
  | 'refused';

/** Thrown while one unit is written; becomes its row's `problem`. */
export class UnitError extends Error {
  readonly problem: UnitProblem;

  constructor(problem: UnitProblem) {
    super(problem);
    this.name = 'UnitError';
    this.problem = problem;
  }
}
