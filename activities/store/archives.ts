/** ZIP and TAR archives: known by content, listed member by member, bounded against hostile ones. */
import fs from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { type Entry, fromFdPromise, type ZipFile } from 'yauzl';
import type { Reason } from '../../stages/reasons.ts';
import { isOfMachine } from '../failures.ts';

/** `ratio` holds beyond `ratioFrom` bytes: deflate packs at most 1,032 to 1, real images some 3 to 1. */
const LIMITS = { memberBytes: 2 ** 31 - 1, members: 5_000_000, ratio: 500, ratioFrom: 2 ** 26 };

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
export function archiveKindOf(file: Buffer): ArchiveKind | null {
  const head = Buffer.alloc(512);
  const descriptor = fs.openSync(file, 'r');
  let length: number;
  try {
    length = fs.readSync(descriptor, head, 0, head.length, 0);
  } finally {
    fs.closeSync(descriptor);
  }
  if (length >= 22 && (head.readUInt32LE(0) === 0x04034b50 || head.readUInt32LE(0) === 0x06054b50))
    return 'zip';
  if (length >= 265 && head.toString('latin1', 257, 262) === 'ustar') return 'tar';
  const named = /\.(tgz|tar\.gz)$/i.test(file.toString('latin1'));
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

/** @throws ArchiveError when the central directory cannot be read; members before a damage are lost with it */
export async function openZip(file: Buffer): Promise<OpenZip> {
  const descriptor = fs.openSync(file, 'r');
  const zip = await fromFdPromise(descriptor, { autoClose: false, decodeStrings: false }).catch(() => {
    fs.closeSync(descriptor);
    throw new ArchiveError('archive-damaged');
  });
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
    throw error instanceof ArchiveError ? error : new ArchiveError('archive-damaged');
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
      return entry === undefined ? null : readZipEntry(zip, entry, maxBytes);
    },
    close: () => zip.close(),
  };
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

async function readZipEntry(zip: ZipFile, entry: Entry, maxBytes: number): Promise<Buffer | null> {
  const wanted = Math.min(entry.uncompressedSize, maxBytes);
  try {
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
  file: Buffer,
  kind: 'tar' | 'tar.gz',
): AsyncGenerator<ArchiveMember & { data: Buffer }> {
  const names = new UniqueNames();
  const unpack = extract({ filenameEncoding: 'latin1' } as Parameters<typeof extract>[0]);
  const packedBytes = fs.statSync(file).size;
  const source = fs.createReadStream(file);
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
