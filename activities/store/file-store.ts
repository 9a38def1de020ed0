/** A folder as a store. Calls are synchronous inside: they run on threads of their own. */
import fs from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { flushFolder, isTemporaryName, writeFileAtomic } from './atomic.ts';
import type { Store, StoredFile, WriteOptions } from './store.ts';

export class FileStore implements Store {
  readonly parallel = 1;
  private readonly root: string;
  private readonly fileMode: number;
  private readonly folderMode: number;

  constructor(root: string, options: { isPrivate?: boolean } = {}) {
    this.root = path.resolve(root);
    this.fileMode = options.isPrivate === true ? 0o600 : 0o644;
    this.folderMode = options.isPrivate === true ? 0o700 : 0o777;
  }

  async isThere(): Promise<boolean> {
    return fs.existsSync(this.root);
  }

  async read(name: string): Promise<Buffer | null> {
    try {
      return fs.readFileSync(this.locate(name));
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  async readRange(
    name: string,
    offset: number,
    bytes: number,
    room: Buffer = Buffer.allocUnsafe(bytes),
  ): Promise<Buffer> {
    const descriptor = fs.openSync(this.locate(name), 'r');
    try {
      let length = 0;
      while (length < bytes) {
        const read = fs.readSync(descriptor, room, length, bytes - length, offset + length);
        if (read === 0) break;
        length += read;
      }
      return room.subarray(0, length);
    } finally {
      fs.closeSync(descriptor);
    }
  }

  stream(name: string, range?: { from: number; to: number }): Readable {
    const options = range === undefined ? {} : { start: range.from, end: range.to - 1 };
    return fs.createReadStream(this.locate(name), options);
  }

  async stat(name: string): Promise<StoredFile | null> {
    const stat = statOf(this.locate(name));
    if (stat?.isFile() !== true) return null;
    return { name, bytes: stat.size, modifiedMs: Math.trunc(stat.mtimeMs) };
  }

  /** In order of names, without following links to folders; links to files count as files. */
  async *list(folder: string): AsyncGenerator<StoredFile | null> {
    let entries: fs.Dirent<Buffer>[];
    try {
      entries = fs.readdirSync(this.locate(folder), { withFileTypes: true, encoding: 'buffer' });
    } catch (error) {
      if (isMissing(error)) return;
      throw error;
    }
    const named = entries.map((entry) => ({ entry, name: Buffer.from(entry.name).toString('latin1') }));
    named.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { entry, name } of named) {
      const child = folder === '' ? name : `${folder}/${name}`;
      if (entry.isDirectory()) yield* this.list(child);
      else yield entry.isFile() || entry.isSymbolicLink() ? await this.stat(child) : null;
    }
  }

  async write(
    name: string,
    bytes: Uint8Array | string | readonly Uint8Array[],
    options: WriteOptions = {},
  ): Promise<void> {
    const settings = { mode: this.fileMode, flush: options.flush !== false };
    try {
      // Almost always the folder is there.
      writeFileAtomic(this.pathOf(name), bytes, settings);
    } catch (error) {
      if (!isMissing(error)) throw error;
      writeFileAtomic(this.prepare(name), bytes, settings);
    }
  }

  /** `produce` writes beside and renames by itself. */
  writeFrom<Result>(name: string, produce: (file: string) => Promise<Result>): Promise<Result> {
    return produce(this.prepare(name));
  }

  async move(from: string, to: string): Promise<void> {
    const descriptor = fs.openSync(this.locate(from), 'r');
    try {
      fs.fdatasyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
    fs.renameSync(this.locate(from), this.prepare(to));
  }

  async settle(folders: Iterable<string>): Promise<void> {
    for (const folder of folders) flushFolder(this.pathOf(folder));
  }

  async remove(name: string): Promise<void> {
    fs.rmSync(this.pathOf(name), { force: true });
  }

  async removeAll(folder: string): Promise<void> {
    fs.rmSync(this.pathOf(folder), { recursive: true, force: true });
  }

  async tidy(folder: string, options: { deep: boolean }): Promise<void> {
    const location = this.pathOf(folder);
    if (fs.existsSync(location)) tidyFolder(location, options.deep);
  }

  async localFile(name: string): Promise<string> {
    return this.pathOf(name);
  }

  private prepare(name: string): string {
    const target = this.pathOf(name);
    fs.mkdirSync(path.dirname(target), { recursive: true, mode: this.folderMode });
    return target;
  }

  /** Of names that runs give: ASCII. */
  private pathOf(name: string): string {
    return path.join(this.root, ...name.split('/'));
  }

  /** Of any name. */
  private locate(name: string): Buffer {
    return Buffer.concat([Buffer.from(`${this.root}/`), Buffer.from(name, 'latin1')]);
  }
}

/** Undefined for links to nothing, in a circle, or to a name that no file can have. */
function statOf(location: Buffer): fs.Stats | undefined {
  try {
    return fs.statSync(location, { throwIfNoEntry: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP' || code === 'ENAMETOOLONG') return undefined;
    throw error;
  }
}

/** @returns whether anything is left in it */
function tidyFolder(folder: string, isDeep: boolean): boolean {
  let isKept = false;
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const location = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!isDeep || tidyFolder(location, true)) isKept = true;
      else fs.rmSync(location, { recursive: true, force: true });
    } else if (isTemporaryName(entry.name)) fs.rmSync(location, { force: true });
    else isKept = true;
  }
  return isKept;
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
