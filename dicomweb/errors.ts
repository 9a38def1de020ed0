/** What can go wrong between us and a DICOMweb server. */
export type DicomwebErrorCode =
  /** No connection, or it broke before an answer. */
  | 'unreachable'
  /** 401 or 403. */
  | 'unauthorized'
  /** 404 or 410. */
  | 'not-found'
  /** The server does not do this: 400, 405, 406, 415, 501 and other answers 4xx. */
  | 'refused'
  /** 5xx or 429, also after all attempts. */
  | 'server-error'
  /** Nothing, or next to nothing, came in time. */
  | 'timed-out'
  /** The answer ended before its end. */
  | 'truncated'
  /** The answer is not what was asked for. */
  | 'bad-answer';

/** Messages never hold an address, an identifier or anything of an answer. */
export class DicomwebError extends Error {
  override readonly name = 'DicomwebError';
  readonly code: DicomwebErrorCode;
  /** HTTP status, where there was an answer. */
  readonly status: number | null;
  /** What the server asks us to wait (Retry-After), ms. */
  readonly retryAfterMs: number | null;

  constructor(code: DicomwebErrorCode, status: number | null = null, retryAfterMs: number | null = null) {
    super(status === null ? code : `${code} (HTTP ${status})`);
    this.code = code;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Whether the same request may do better a little later. */
export function isWorthRetrying(code: DicomwebErrorCode): boolean {
  return code === 'unreachable' || code === 'server-error' || code === 'timed-out' || code === 'truncated';
}
