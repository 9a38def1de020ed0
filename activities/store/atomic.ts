import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

/** Whether a name is one of the temporary names that `writeFileAtomic` uses. */
export function isTemporaryName(name: string): boolean {
  return /^\..+\.tmp-[0-9a-f]{12}$/.test(name);
}

/** A temporary name beside a file, for what is renamed to it when it is whole. */
export function temporaryNameFor(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.tmp-${randomBytes(6).toString('hex')}`);
}

/**
 * Writes beside, flushes and renames: a reader sees the old file or the new one, never half of it.
 * @param chunks written one after the other without being joined
 * @param options.flush whether to wait for the disk (default); without it the file survives the end of the process,
 *   not of the machine
 */
export function writeFileAtomic(
  file: string,
  chunks: Uint8Array | string | readonly Uint8Array[],
  options: { mode?: number; flush?: boolean } = {},
): void {
  const temporary = temporaryNameFor(file);
  const descriptor = fs.openSync(temporary, 'wx', options.mode ?? 0o644);
  try {
    try {
      if (typeof chunks === 'string') writeAll(descriptor, [Buffer.from(chunks)]);
      else if (chunks instanceof Uint8Array) writeAll(descriptor, [chunks]);
      else writeAll(descriptor, chunks);
      if (options.flush !== false) fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

function writeAll(descriptor: number, chunks: readonly Uint8Array[]): void {
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  let written = fs.writevSync(descriptor, chunks);
  if (written === total) return;
  // A short write: go on byte by byte position, which ends in the error that caused it (a full disk, say).
  const rest = Buffer.concat(chunks);
  while (written < total) written += fs.writeSync(descriptor, rest, written, total - written);
}

/** Flushes a folder, so that renames into it survive the end of the machine. */
export function flushFolder(folder: string): void {
  const descriptor = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** The file's bytes, or null when there is none. */
export function readIfExists(file: string): Buffer | null {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
