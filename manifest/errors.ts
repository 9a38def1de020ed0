/** What can go wrong with manifest tables. Closed: callers decide by code, never by message. */
export type ManifestErrorCode =
  /** A row has a missing, unknown or mistyped column: the program that made it is wrong. */
  | 'row-invalid'
  /** Two rows have the same key. */
  | 'duplicate-key'
  /** Rows given to a streaming writer do not ascend by key. */
  | 'rows-unordered'
  /** The folder holds no manifest tables. */
  | 'no-manifest'
  /** DuckDB refused the SQL; its message follows. */
  | 'sql-error'
  /** A manifest file cannot be read as the table that it should be. */
  | 'manifest-damaged';

/** An error of the manifest tables. Messages name tables, columns and keys (pseudonyms), never other values. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
  readonly code: ManifestErrorCode;

  constructor(code: ManifestErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
