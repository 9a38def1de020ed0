/** Why a run cannot be read. Closed: callers decide by code, never by message. */
export type RunErrorCode =
  /** The place holds no output of a run. */
  | 'not-a-run'
  /** No run has ended there yet. */
  | 'unfinished'
  /** run.json cannot be read. */
  | 'damaged'
  /** It is no way to write a place. */
  | 'location-invalid'
  /** The bucket refuses, is not reached, or changed meanwhile. */
  | 'store-failed'
  /** The run was closed before. */
  | 'closed';

/** A run that cannot be read. */
export class RunError extends Error {
  override readonly name = 'RunError';
  readonly code: RunErrorCode;

  constructor(code: RunErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
