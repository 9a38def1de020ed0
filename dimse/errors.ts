/** What can go wrong on an association. */
export type DimseErrorCode =
  /** No connection, or the association was refused for now. */
  | 'unreachable'
  /** The association was refused for good: AE titles, application context. */
  | 'rejected'
  /** The other side accepted none of the presentation contexts that are needed. */
  | 'no-context'
  /** Aborted, or the connection broke. */
  | 'aborted'
  | 'timed-out'
  /** The other side broke PS3.7 or PS3.8, or a limit. */
  | 'bad-pdu'
  /** The status of a response is a failure. */
  | 'failed';

/** Messages never hold a title, an address, an identifier or anything that was sent. */
export class DimseError extends Error {
  override readonly name = 'DimseError';
  readonly code: DimseErrorCode;
  /** Status (0000,0900), where there was a response. */
  readonly status: number | null;

  constructor(code: DimseErrorCode, status: number | null = null) {
    super(status === null ? code : `${code} (status 0x${status.toString(16).padStart(4, '0')})`);
    this.code = code;
    this.status = status;
  }
}
