/**
 * One failure vocabulary for everything that does I/O. `permanent`: the data is wrong and stays so; `transient`: a
 * time-out, a busy disk or a device comes back, so it is tried again; `environment`: disk, key or server is not
 * usable, tried again for a while, then the run ends with exit code 3 and can be resumed.
 * Messages never hold a path, a value or an identifier of the source.
 */
export type FailureKind = 'permanent' | 'transient' | 'environment';

export class StageFailure extends Error {
  override readonly name = 'StageFailure';
  readonly code: string;
  readonly kind: FailureKind;

  constructor(code: string, kind: FailureKind, message: string) {
    super(message);
    this.code = code;
    this.kind = kind;
  }
}

const SYSTEM_ERRORS: Record<string, [code: string, message: string]> = {
  ENOSPC: ['disk-full', 'No space is left on a disk that the run writes to.'],
  EDQUOT: ['disk-full', 'The disk quota of a folder that the run writes to is used up.'],
  EROFS: ['disk-read-only', 'A folder that the run writes to is on a read-only file system.'],
  EIO: ['disk-error', 'The operating system reports an input/output error of a disk.'],
  EMFILE: ['too-many-open-files', 'The limit of open files is reached (ulimit -n).'],
  ENFILE: ['too-many-open-files', 'The limit of open files of the machine is reached.'],
  ENOMEM: ['out-of-memory', 'The machine has no memory left.'],
  EACCES: ['permission-denied', 'A folder that the run needs may not be read or written.'],
  EPERM: ['permission-denied', 'A folder that the run needs may not be read or written.'],
};

/** What an error of the operating system says of disk, memory or permissions; null for any other error. */
export function systemFailureOf(error: unknown): StageFailure | null {
  const code =
    typeof error === 'object' && error !== null ? (error as NodeJS.ErrnoException).code : undefined;
  const known = code === undefined ? undefined : SYSTEM_ERRORS[code];
  return known === undefined ? null : new StageFailure(known[0], 'environment', known[1]);
}

const MACHINE_ERRORS = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

/**
 * Whether an error tells of this machine or of the way to the store, and not of the file that was read: no verdict on
 * the file follows from it.
 */
export function isOfMachine(error: unknown): boolean {
  if (error instanceof StageFailure) return error.code !== 'store-changed';
  return MACHINE_ERRORS.has((error as NodeJS.ErrnoException | null)?.code ?? '');
}

/**
 * The house's words for anything thrown. Node's own messages name paths, so none of them is repeated.
 * An unknown error is transient: it is tried again and, if it stays, ends the run as `internal-error`.
 */
export function toStageFailure(error: unknown): StageFailure {
  if (error instanceof StageFailure) return error;
  const system = systemFailureOf(error);
  if (system !== null) return system;
  // Failures that cross a thread arrive as plain errors with their fields.
  const fields = error as Partial<StageFailure> | null;
  if (fields?.name === 'StageFailure' && fields.code !== undefined && fields.kind !== undefined) {
    return new StageFailure(fields.code, fields.kind, fields.message ?? '');
  }
  const kind = error instanceof Error ? error.name : typeof error;
  return new StageFailure(
    'internal-error',
    'transient',
    `An unexpected ${/^\w+$/.test(kind) ? kind : 'error'} in a stage.`,
  );
}
