/** Lists and reads source files, wherever they lie. Private: nothing else sees paths and names. */
import fs from 'node:fs';
import path from 'node:path';
import type { Reason } from '../../stages/reasons.ts';
import type { SourceEntry } from '../../stages/records.ts';
import { isOfMachine, StageFailure } from '../failures.ts';
import { ArchiveError, archiveKindOf, type OpenZip, openZip, readTar } from './archives.ts';
import { readIfExists } from './atomic.ts';
import { inboxFile, inboxFolder } from './inbox.ts';
import type { RunFiles } from './run-files.ts';
import { type ListedFile, locateListed, walkInput } from './walk.ts';

/** What a listing counted. An archive that could be opened is no source file, its members are. */
export interface ListingCounts {
  files: number;
  bytes: number;
  archives: number;
  skippedLinks: number;
}

export interface ListingOptions {
  inputPath: string;
  /** Keyed hash of path and member name. */
  sourceKey(path: string, member: string | null): string;
  /** Takes the bytes of a TAR member, which cannot be reached again. */
  spool(sourceKey: string, data: Buffer): void;
}

/** Every source file of an input, archives opened. */
export async function* listSources(
  options: ListingOptions,
  counts: ListingCounts,
): AsyncGenerator<SourceEntry> {
  const entryOf = (
    file: ListedFile,
    member: string | null,
    statedBytes: number,
    problem: Reason | null,
  ): SourceEntry => {
    // A ZIP may state sizes that no table can hold.
    const bytes = Math.min(statedBytes, Number.MAX_SAFE_INTEGER);
    counts.files += 1;
    counts.bytes += bytes;
    return {
      sourceKey: options.sourceKey(file.path, member),
      path: file.path,
      member,
      bytes,
      mtimeMs: file.mtimeMs,
      problem,
    };
  };
  if (!fs.existsSync(options.inputPath))
    throw new StageFailure('input-missing', 'environment', 'The input is not there (any more).');
  for (const file of walkInput(options.inputPath)) {
    if (file === null) {
      counts.skippedLinks += 1;
      continue;
    }
    if (file.bytes === 0) {
      yield entryOf(file, null, 0, 'empty-file');
      continue;
    }
    let isSpooling = false;
    try {
      const location = locateListed(options.inputPath, file.path);
      const kind = archiveKindOf(location);
      if (kind === null) {
        yield entryOf(file, null, file.bytes, null);
      } else if (kind === 'zip') {
        const zip = await openZip(location);
        counts.archives += 1;
        for (const member of zip.members()) yield entryOf(file, member.name, member.bytes, member.problem);
        zip.close();
      } else {
        counts.archives += 1;
        for await (const member of readTar(location, kind)) {
          const entry = entryOf(file, member.name, member.bytes, member.problem);
          isSpooling = true;
          if (member.problem === null) options.spool(entry.sourceKey, member.data);
          isSpooling = false;
          yield entry;
        }
      }
    } catch (error) {
      // A full disk of the run says nothing of the archive.
      if (isSpooling || isOfMachine(error)) throw error;
      yield entryOf(file, null, file.bytes, error instanceof ArchiveError ? error.reason : 'read-failed');
    }
  }
}

/** The first `maxBytes` bytes of a source, good until the next call; or the reason why they cannot be had. */
export type SourceBytes = (entry: SourceEntry, maxBytes?: number) => Promise<Buffer | Reason>;

/** Where a reader finds its bytes: the input, and members of TARs that were spooled. */
interface SourcePlace {
  inputPath: string;
  spooled(sourceKey: string): Buffer | null;
  /** What a PACS gave; only of runs over one. */
  retrieved?(sourceKey: string): Buffer | null;
}

/** Spooled members and retrieved instances lie, sealed, in the files of the run. */
export function placeOfRun(files: RunFiles): SourcePlace {
  const open = (name: string) => {
    const sealed = readIfExists(files.path(name));
    return sealed === null ? null : files.sealer.open(sealed);
  };
  return {
    inputPath: files.settings.inputPath,
    spooled: (sourceKey) => open(files.names.spool(sourceKey)),
    retrieved(sourceKey) {
      const { inbox } = files.settings;
      if (inbox === undefined) return open(files.names.retrieved(sourceKey));
      const stateFolder = path.dirname(path.dirname(files.folder));
      const sealed = readIfExists(inboxFile(inboxFolder(stateFolder, inbox), sourceKey));
      return sealed === null ? null : files.sealer.open(sealed);
    },
  };
}

/** Files up to this size are read into memory that is used again: fresh memory costs more than the reading. */
const REUSED_BYTES = 16 * 1024 * 1024;

/** Reads the bytes of listed entries, one after the other; keeps the last few archives open. */
export class SourceReader {
  private readonly place: SourcePlace;
  private readonly zips = new Map<string, OpenZip>();
  private room = Buffer.alloc(0);

  constructor(place: SourcePlace) {
    this.place = place;
  }

  /** @returns the first `maxBytes` bytes, or all, good until the next call; or the reason why they cannot be had */
  async read(entry: SourceEntry, maxBytes = Number.POSITIVE_INFINITY): Promise<Buffer | Reason> {
    if (entry.problem !== null) return entry.problem;
    if (entry.bytes > 2 ** 31 - 1) return 'too-large';
    if (entry.isRetrieved === true)
      return this.place.retrieved?.(entry.sourceKey)?.subarray(0, maxBytes) ?? 'read-failed';
    if (entry.member !== null) return this.readMember(entry, entry.member, maxBytes);
    try {
      const bytes = Math.min(entry.bytes, maxBytes);
      return readFilePrefix(locateListed(this.place.inputPath, entry.path), this.roomFor(bytes));
    } catch (error) {
      if (isOfMachine(error)) throw error;
      return 'read-failed';
    }
  }

  private roomFor(bytes: number): Buffer {
    if (bytes > REUSED_BYTES) return Buffer.allocUnsafe(bytes);
    if (bytes > this.room.length) this.room = Buffer.allocUnsafeSlow(Math.min(2 * bytes, REUSED_BYTES));
    return this.room.subarray(0, bytes);
  }

  private async readMember(entry: SourceEntry, member: string, maxBytes: number): Promise<Buffer | Reason> {
    const spooled = this.place.spooled(entry.sourceKey);
    if (spooled !== null) return spooled.subarray(0, maxBytes);
    try {
      const zip = await this.zipOf(entry.path);
      return (await zip.read(member, maxBytes)) ?? 'archive-damaged';
    } catch (error) {
      if (error instanceof ArchiveError) return error.reason;
      if (isOfMachine(error)) throw error;
      return 'read-failed';
    }
  }

  private async zipOf(path: string): Promise<OpenZip> {
    let zip = this.zips.get(path);
    if (zip === undefined) {
      zip = await openZip(locateListed(this.place.inputPath, path));
      if (this.zips.size >= 4) {
        const [oldest] = this.zips.keys();
        this.zips.get(oldest!)?.close();
        this.zips.delete(oldest!);
      }
      this.zips.set(path, zip);
    }
    return zip;
  }

  close(): void {
    for (const zip of this.zips.values()) zip.close();
    this.zips.clear();
  }
}

/** Fills the buffer from the beginning of a file, as far as that goes. */
function readFilePrefix(file: Buffer, buffer: Buffer): Buffer {
  const descriptor = fs.openSync(file, 'r');
  try {
    let length = 0;
    while (length < buffer.length) {
      const read = fs.readSync(descriptor, buffer, length, buffer.length - length, length);
      if (read === 0) break;
      length += read;
    }
    return buffer.subarray(0, length);
  } finally {
    fs.closeSync(descriptor);
  }
}
