/** Lists and reads source files, wherever they lie. Private: nothing else sees paths and names. */
import path from 'node:path';
import type { Reason } from '../../stages/reasons.ts';
import type { SourceEntry } from '../../stages/records.ts';
import { isOfMachine, StageFailure } from '../failures.ts';
import { ArchiveError, archiveKindOf, type OpenZip, openZip, readTar } from './archives.ts';
import { readIfExists } from './atomic.ts';
import { inboxFile, inboxFolder } from './inbox.ts';
import { type Input, listInput } from './open-store.ts';
import type { RunFiles } from './run-files.ts';
import type { StoredFile } from './store.ts';
import { workAhead } from './work-ahead.ts';

/** What a listing counted. An archive that could be opened is no source file, its members are. */
export interface ListingCounts {
  files: number;
  bytes: number;
  archives: number;
  skippedLinks: number;
}

export interface ListingOptions {
  input: Input;
  /** Keyed hash of path and member name. */
  sourceKey(path: string, member: string | null): string;
  /** Takes the bytes of a TAR member, which cannot be reached again. */
  spool(sourceKey: string, data: Buffer): Promise<void> | void;
}

/** Every source file of an input, archives opened. */
export async function* listSources(
  options: ListingOptions,
  counts: ListingCounts,
): AsyncGenerator<SourceEntry> {
  const { input } = options;
  const { store } = input;
  const entryOf = (
    file: StoredFile,
    member: string | null,
    statedBytes: number,
    problem: Reason | null,
  ): SourceEntry => {
    // A ZIP may state sizes that no table can hold.
    const bytes = Math.min(statedBytes, Number.MAX_SAFE_INTEGER);
    counts.files += 1;
    counts.bytes += bytes;
    return {
      sourceKey: options.sourceKey(file.name, member),
      path: file.name,
      member,
      bytes,
      mtimeMs: file.modifiedMs,
      ...(file.tag === undefined ? {} : { tag: file.tag }),
      problem,
    };
  };
  if (input.file === null && !(await store.isThere()))
    throw new StageFailure('input-missing', 'environment', 'The input is not there (any more).');
  const kindOf = async (file: StoredFile | null) =>
    file === null || file.bytes === 0 ? null : archiveKindOf(store, file).catch(reasonOf);
  for await (const [file, kind] of workAhead(listInput(input), store.parallel, kindOf)) {
    if (file === null) {
      counts.skippedLinks += 1;
      continue;
    }
    if (file.bytes === 0) {
      yield entryOf(file, null, 0, 'empty-file');
      continue;
    }
    if (kind !== 'zip' && kind !== 'tar' && kind !== 'tar.gz') {
      yield entryOf(file, null, file.bytes, kind);
      continue;
    }
    let isSpooling = false;
    try {
      if (kind === 'zip') {
        const zip = await openZip(store, file);
        counts.archives += 1;
        for (const member of zip.members()) yield entryOf(file, member.name, member.bytes, member.problem);
        zip.close();
      } else {
        counts.archives += 1;
        for await (const member of readTar(store, file, kind)) {
          const entry = entryOf(file, member.name, member.bytes, member.problem);
          isSpooling = true;
          if (member.problem === null) await options.spool(entry.sourceKey, member.data);
          isSpooling = false;
          yield entry;
        }
      }
    } catch (error) {
      // A full disk of the run says nothing of the archive.
      if (isSpooling) throw error;
      yield entryOf(file, null, file.bytes, reasonOf(error));
    }
  }
}

/** Why a file cannot be read. @throws what is no fault of the file: it is tried again */
function reasonOf(error: unknown): Reason {
  if (error instanceof ArchiveError) return error.reason;
  if (isOfMachine(error)) throw error;
  return 'read-failed';
}

/**
 * The first `maxBytes` bytes of a source, or the reason why they cannot be had. Good until the next call, where the
 * store answers one call at a time.
 */
export type SourceBytes = (entry: SourceEntry, maxBytes?: number) => Promise<Buffer | Reason>;

/** Where a reader finds its bytes: the input, and members of TARs that were spooled. */
interface SourcePlace {
  input: Input;
  spooled(sourceKey: string): Promise<Buffer | null> | Buffer | null;
  /** What a PACS gave; only of runs over one. */
  retrieved?(sourceKey: string): Promise<Buffer | null>;
}

/** Spooled members and retrieved instances lie, sealed, in the files of the run. */
export function placeOfRun({ files, input }: { files: RunFiles; input: Input }): SourcePlace {
  const open = async (name: string) => {
    const sealed = await files.store.read(name);
    return sealed === null ? null : files.sealer.open(sealed);
  };
  return {
    input,
    spooled: (sourceKey) => open(files.names.spool(sourceKey)),
    async retrieved(sourceKey) {
      const { inbox } = await files.readSettings();
      if (inbox === undefined) return open(files.names.retrieved(sourceKey));
      const stateFolder = path.dirname(path.dirname(files.localFolder));
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
      return (await this.place.retrieved?.(entry.sourceKey))?.subarray(0, maxBytes) ?? 'read-failed';
    if (entry.member !== null) return this.readMember(entry, entry.member, maxBytes);
    try {
      const bytes = Math.min(entry.bytes, maxBytes);
      const { store } = this.place.input;
      const room = store.parallel === 1 ? this.roomFor(bytes) : undefined;
      return await store.readRange(entry.path, 0, bytes, room);
    } catch (error) {
      return reasonOf(error);
    }
  }

  private roomFor(bytes: number): Buffer {
    if (bytes > REUSED_BYTES) return Buffer.allocUnsafe(bytes);
    if (bytes > this.room.length) this.room = Buffer.allocUnsafeSlow(Math.min(2 * bytes, REUSED_BYTES));
    return this.room.subarray(0, bytes);
  }

  private async readMember(entry: SourceEntry, member: string, maxBytes: number): Promise<Buffer | Reason> {
    const spooled = await this.place.spooled(entry.sourceKey);
    if (spooled !== null) return spooled.subarray(0, maxBytes);
    try {
      const zip = await this.zipOf(entry.path);
      return (await zip.read(member, maxBytes)) ?? 'archive-damaged';
    } catch (error) {
      return reasonOf(error);
    }
  }

  private async zipOf(path: string): Promise<OpenZip> {
    let zip = this.zips.get(path);
    if (zip === undefined) {
      const { store } = this.place.input;
      const file = await store.stat(path);
      if (file === null) throw new ArchiveError('read-failed');
      zip = await openZip(store, file);
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
