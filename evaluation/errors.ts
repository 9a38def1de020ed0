/** What can be wrong with an evaluation's input; a closed list, each with its cure in the message. */
export type EvaluationErrorCode =
  | 'bad-gate'
  | 'bad-option'
  | 'bad-scores'
  | 'duplicate-series'
  | 'missing-column'
  | 'no-common-series'
  | 'no-labels'
  | 'unknown-label';

/** The input or the options cannot be evaluated as they are. The same input fails again: never retry. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';
  readonly code: EvaluationErrorCode;

  constructor(code: EvaluationErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
