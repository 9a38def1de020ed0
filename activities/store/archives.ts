/** ZIP and TAR archives: known by content, listed member by member, bounded against hostile ones. */
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { type Entry, fromRandomAccessReader, RandomAccessReader, type ZipFile } from 'yauzl';
import type { Reason } from '../../stages/reasons.ts';
import { isOfMachine } from '../failures.ts';
import type { Store, StoredFile } from './store.ts';

/** `ratio` holds beyond `ratioFrom` bytes: deflate packs at most 1,032 to 1, real images some 3 to 1. */
const LIMITS = { memberBytes: 2 ** 31 - 1, members: 5_000_000, ratio: 500, ratioFrom: 2 ** 26 };

/** Fetched at once of a ZIP: of its directory, and of a member with what lies around it. */
const BLOCK_BYTES = 1 << 16;
const MEMBER_AT_ONCE_BYTES = 1 << 24;

export type ArchiveKind = 'zip' | 'tar' | 'tar.gz';

/** A member as the listing sees it. `name` has one character a byte; a repeated name gets `#2`, `#3` … */
export interface ArchiveMember {
  name: string;
  bytes: number;
  problem: Reason | null;
}

/** The archive as a whole, or the rest of it, cannot be used. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
  readonly reason: Reason;

  constructor(reason: Reason) {
    super(reason);
    this.reason = reason;
  }
}

/** What kind of archive a file is, by its first 512 bytes (for gzip: by name too); null when it is none. */
export async function archiveKindOf(store: Store, file: StoredFile): Promise<ArchiveKind | null> {
  const head = await store.readRange(file.name, 0, 512);
  const { length } = head;
  if (length >= 22 && (head.readUInt32LE(0) === 0x04034b50 || head.readUInt32LE(0) === 0x06054b50))
    return 'zip';
  if (length >= 265 && head.toString('latin1', 257, 262) === 'ustar') return 'tar';
  const named = /\.(tgz|tar\.gz)$/i.test(file.name);
  return length >= 18 && named && head[0] === 0x1f && head[1] === 0x8b ? 'tar.gz' : null;
}

class UniqueNames {
  private readonly taken = new Set<string>();
  private readonly repeats = new Map<string, number>();

  /** A member may be called `name#2` itself, so a counted name is looked up too. */
  take(name: string): string {
    let unique = name;
    while (this.taken.has(unique)) {
      const repeat = (this.repeats.get(name) ?? 1) + 1;
      this.repeats.set(name, repeat);
      unique = `${name}#${repeat}`;
    }
    this.taken.add(unique);
    return unique;
  }
}

/** A ZIP whose members can be read in any order. */
export interface OpenZip {
  members(): ArchiveMember[];
  /** @returns the member's first `maxBytes` bytes, or all of them; null when it cannot be unpacked */
  read(name: string, maxBytes: number): Promise<Buffer | null>;
  close(): void;
}

/** Ranges of a stored file, for the reader of ZIPs. It asks for a few bytes at a time, so a block is kept. */
class StoredRanges extends RandomAccessReader {
  private readonly store: Store;
  private readonly file: StoredFile;
  private block = { from: 0, bytes: Buffer.alloc(0) as Buffer };

  constructor(store: Store, file: StoredFile) {
    super();
    this.store = store;
    this.file = file;
  }

  /** Fetches what will be asked for next. */
  async fetch(from: number, bytes: number): Promise<void> {
    const wanted = Math.min(bytes, this.file.bytes - from);
    this.block = { from, bytes: await this.store.readRange(this.file.name, from, wanted) };
  }

  override _readStreamForRange(start: number, end: number): Readable {
    const cut = this.cutFromBlock(start, end);
    return cut === null
      ? this.store.stream(this.file.name, { from: start, to: end })
      : Readable.from([cut], { objectMode: false });
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    const take = () => {
      const cut = this.cutFromBlock(position, position + length);
      cut?.copy(buffer, offset);
      callback(cut === null ? new ArchiveError('archive-damaged') : null);
    };
    if (this.cutFromBlock(position, position + length) !== null) take();
    else this.fetch(position, Math.max(length, BLOCK_BYTES)).then(take, callback);
  }

  private cutFromBlock(start: number, end: number): Buffer | null {
    const { from, bytes } = this.block;
    return start >= from && end <= from + bytes.length ? bytes.subarray(start - from, end - from) : null;
  }
}

/** @throws ArchiveError when the central directory cannot be read; members before a damage are lost with it */
export async function openZip(store: Store, file: StoredFile): Promise<OpenZip> {
  const ranges = new StoredRanges(store, file);
  const zip = await openRanges(ranges, file.bytes);
  const entries = new Map<string, Entry>();
  const names = new UniqueNames();
  try {
    if (zip.entryCount > LIMITS.members) throw new ArchiveError('archive-refused');
    for await (const entry of zip.eachEntry()) {
      const name = Buffer.from(entry.fileNameRaw).toString('latin1');
      if (!name.endsWith('/')) entries.set(names.take(name), entry);
    }
  } catch (error) {
    zip.close();
    throw error instanceof ArchiveError || isOfMachine(error) ? error : new ArchiveError('archive-damaged');
  }
  return {
    members: () =>
      [...entries].map(([name, entry]) => ({
        name,
        bytes: entry.uncompressedSize,
        problem: zipProblem(entry),
      })),
    async read(name, maxBytes) {
      const entry = entries.get(name);
      return entry === undefined ? null : readZipEntry(zip, ranges, entry, maxBytes);
    },
    close: () => zip.close(),
  };
}

function openRanges(ranges: RandomAccessReader, bytes: number): Promise<ZipFile> {
  const options = { autoClose: false, decodeStrings: false, lazyEntries: true };
  return new Promise((resolve, reject) => {
    fromRandomAccessReader(ranges, bytes, options, (error, zip) => {
      if (!error) resolve(zip);
      else reject(isOfMachine(error) ? error : new ArchiveError('archive-damaged'));
    });
  });
}

function zipProblem(entry: Entry): Reason | null {
  const { compressedSize, uncompressedSize } = entry;
  if (entry.isEncrypted()) return 'archive-encrypted';
  if (!entry.canDecodeFileData()) return 'archive-damaged';
  if (uncompressedSize > LIMITS.memberBytes) return 'archive-refused';
  if (isBomb(uncompressedSize, compressedSize)) return 'archive-refused';
  return uncompressedSize === 0 ? 'empty-file' : null;
}

function isBomb(bytes: number, packedBytes: number): boolean {
  return bytes > LIMITS.ratioFrom && bytes > packedBytes * LIMITS.ratio;
}

async function readZipEntry(
  zip: ZipFile,
  ranges: StoredRanges,
  entry: Entry,
  maxBytes: number,
): Promise<Buffer | null> {
  const wanted = Math.min(entry.uncompressedSize, maxBytes);
  try {
    // The local header, whose length is not known before, and the data.
    const around = Math.min(entry.compressedSize, 2 * maxBytes) + BLOCK_BYTES;
    if (around <= MEMBER_AT_ONCE_BYTES) await ranges.fetch(entry.relativeOffsetOfLocalHeader, around);
    const stream = await zip.openReadStreamPromise(entry);
    return await collect(stream, wanted);
  } catch (error) {
    if (isOfMachine(error)) throw error;
    return null;
  }
}

async function collect(stream: Readable, wanted: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length >= wanted) break;
  }
  stream.destroy();
  return Buffer.concat(chunks, length).subarray(0, wanted);
}

/**
 * Members of a TAR in their order, each with its bytes; a TAR cannot be read at random.
 * @throws ArchiveError when the archive is damaged or breaks a limit; members before that have been given
 */
export async function* readTar(
  store: Store,
  file: StoredFile,
  kind: 'tar' | 'tar.gz',
): AsyncGenerator<ArchiveMember & { data: Buffer }> {
  const names = new UniqueNames();
  const unpack = extract({ filenameEncoding: 'latin1' } as Parameters<typeof extract>[0]);
  const packedBytes = file.bytes;
  const source = store.stream(file.name);
  const input: Readable = kind === 'tar' ? source : source.pipe(createGunzip());
  const fail = (error: Error) => unpack.destroy(error);
  source.on('error', fail);
  input.on('error', fail);
  input.pipe(unpack);
  let total = 0;
  let count = 0;
  try {
    for await (const entry of unpack) {
      const { type, name, size } = entry.header;
      if (type !== 'file' && type !== 'contiguous-file') {
        entry.resume();
        continue;
      }
      count += 1;
      total += size ?? 0;
      if (count > LIMITS.members || isBomb(total, packedBytes)) throw new ArchiveError('archive-refused');
      if ((size ?? 0) > LIMITS.memberBytes) {
        entry.resume();
        yield { name: names.take(name), bytes: size ?? 0, problem: 'archive-refused', data: Buffer.alloc(0) };
        continue;
      }
      const data = await collect(entry as unknown as Readable, Number.POSITIVE_INFINITY);
      yield {
        name: names.take(name),
        bytes: data.length,
        problem: data.length === 0 ? 'empty-file' : null,
        data,
      };
    }
  } catch (error) {
    throw error instanceof ArchiveError || isOfMachine(error) ? error : new ArchiveError('archive-damaged');
  } finally {
    source.destroy();
  }
}
