/** What can be wrong with a model bundle. Closed: callers decide by code. */
export type BundleErrorCode =
  /** No folder of that name or path, or it has no card.json. */
  | 'bundle-missing'
  /** card.json is not JSON or not a card as the schema wants it. */
  | 'card-invalid'
  /** The card wants a preprocessing version that this program does not have. */
  | 'preprocessing-unknown'
  /** A task's labels are not in the label vocabulary. */
  | 'labels-unknown'
  /** A file that the card names is not in the folder. */
  | 'file-missing'
  /** A file's size or SHA-256 is not what the card says. */
  | 'digest-mismatch';

/** A bundle that is refused. Permanent: trying again does not help. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
  readonly code: BundleErrorCode;

  constructor(code: BundleErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What can go wrong with a running classifier. */
export type ClassifierErrorCode =
  /** Memory of the host or the device ran out. */
  | 'out-of-memory'
  /** The accelerator fell over; a new process may find it again. */
  | 'device-lost'
  /** The thread that holds the sessions ended by itself. */
  | 'thread-lost'
  /** The network cannot be loaded, is not what its card says, or gave numbers that are none. */
  | 'model-invalid'
  /** The execution provider that was asked for is not installed. */
  | 'provider-missing'
  /** The tensor does not have the size that the card states. */
  | 'tensor-invalid'
  /** `close` was called. */
  | 'closed';

const RETRYABLE: ReadonlySet<ClassifierErrorCode> = new Set(['out-of-memory', 'device-lost', 'thread-lost']);

/** A failure of inference. `retryable`: the data is fine, and a later attempt or another machine may succeed. */
export class ClassifierError extends Error {
  override readonly name = 'ClassifierError';
  readonly code: ClassifierErrorCode;
  readonly retryable: boolean;

  constructor(code: ClassifierErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.retryable = RETRYABLE.has(code);
  }
}
