/**
 * The port to everything that a run reads and writes besides its own machine's scratch: inputs, outputs, private
 * files. Two adapters: a folder (`file-store.ts`) and a prefix of an S3 bucket (`s3-store.ts`). ADR 0014.
 *
 * A name is relative with forward slashes, one character a byte (latin1), so that every name that a file system can
 * hold has one, and the same tree has the same names in either store.
 */
import type { Readable } from 'node:stream';

/** What a listing tells of a file. */
export interface StoredFile {
  name: string;
  bytes: number;
  modifiedMs: number;
  /** Changes with the content, where the store keeps such a thing (ETag). */
  tag?: string;
}

export interface WriteOptions {
  /** Whether to wait until it survives the end of the machine (default). An object store always does. */
  flush?: boolean;
}

/** A tree of files. Whoever reads a name sees all of a file or none, whatever happens to its writer. */
export interface Store {
  /** How many calls are worth having under way at once: 1 where they do not wait for a network. */
  readonly parallel: number;
  /** Whether the folder is there, or anything below the prefix. */
  isThere(): Promise<boolean>;
  /** @returns null when there is no such file */
  read(name: string): Promise<Buffer | null>;
  /**
   * Fewer bytes at the end of the file.
   * @param room memory of `bytes` bytes that may be used for them
   * @throws when there is no such file
   */
  readRange(name: string, offset: number, bytes: number, room?: Buffer): Promise<Buffer>;
  /** `to` is exclusive; the whole file without a range. */
  stream(name: string, range?: { from: number; to: number }): Readable;
  /** @returns null when there is no regular file of that name */
  stat(name: string): Promise<StoredFile | null>;
  /** Files below a folder (`''`: all), null for what is none (links to folders, devices, pipes). */
  list(folder: string): AsyncIterable<StoredFile | null>;
  /** Puts a file in place, whole, over what is there. */
  write(
    name: string,
    bytes: Uint8Array | string | readonly Uint8Array[],
    options?: WriteOptions,
  ): Promise<void>;
  /** Lets `produce` write a local file, and puts that in place. */
  writeFrom<Result>(name: string, produce: (file: string) => Promise<Result>): Promise<Result>;
  /** Gives a file its final name, once it survives the end of the machine. */
  move(from: string, to: string): Promise<void>;
  /** Makes moves into folders last. */
  settle(folders: Iterable<string>): Promise<void>;
  /** Does nothing where there is no such file. */
  remove(name: string): Promise<void>;
  /** Removes everything below a folder. */
  removeAll(folder: string): Promise<void>;
  /** Removes what killed writers left half-written in a folder, and folders below that are empty. */
  tidy(folder: string, options: { deep: boolean }): Promise<void>;
  /** A local file with the bytes: its own where the store is a folder, else a copy that is made in `scratch()`. */
  localFile(name: string, scratch: () => string): Promise<string>;
}
