/**
 * Takes instances in as they come over a network: streamed, sealed, and named by what their own header says once they
 * are whole. A reader never sees half of one.
 */
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { identifyObject, type ObjectIdentity } from '../../stages/retrieve/identify-object.ts';
import type { RetrievedInstance } from '../../stages/retrieve/retrieval.ts';
import { flushFolder } from './atomic.ts';
import { SEAL_BYTES, type Sealer } from './sealed.ts';

/** An instance that came, with what its header says. UIDs are empty where it says nothing. */
export interface TakenInstance extends RetrievedInstance {
  studyUid: string;
  seriesUid: string;
  modality: string | null;
  /** SHA-256 of the bytes. */
  digest: string;
}

/** Where instances lie; the rest of the program knows them by their source keys. */
export interface IntakePlace {
  sealer: Sealer;
  /** File of an instance. */
  fileOf(sourceKey: string): string;
  sourceKey(path: string, member: string | null): string;
  /** Instances beyond this are given up. */
  maxBytes: number;
  /** Whether an instance must survive the end of the machine, not of the process alone, before it counts. */
  flush?: boolean;
}

/** What stands for UIDs that the header does not give. */
export interface AssumedIdentity {
  studyUid?: string | undefined;
  seriesUid?: string | undefined;
  sopUid?: string | undefined;
}

/** One instance on its way. */
export interface InstanceWriter {
  write(chunk: Uint8Array): void;
  /** @returns what came, or `too-large` */
  end(): TakenInstance | 'too-large';
  abort(): void;
}

/** Where the UIDs are looked for: in most files the first suffices, in the oddest not even the last. */
const HEAD_BYTES = [16 * 1024, 256 * 1024];

/**
 * Begins an instance.
 * @param isKnown whether these bytes lie under this path already; they are not written again then. An instance with
 *   the UID of another but other bytes gets a name of its own (`#2`)
 */
export function beginInstance(
  place: IntakePlace,
  assumed: AssumedIdentity,
  isKnown: (path: string, digest: string) => 'new' | 'same' | 'other',
): InstanceWriter {
  const folder = path.dirname(path.dirname(place.fileOf('00'.repeat(16))));
  const temporary = path.join(folder, `.arriving.tmp-${randomBytes(6).toString('hex')}`);
  const descriptor = inFolder(folder, () => fs.openSync(temporary, 'wx', 0o600));
  const sealing = place.sealer.sealing();
  const hash = createHash('sha256');
  const head = new ObjectHead();
  let bytes = 0;
  let isOpen = true;
  const put = (chunk: Uint8Array) => {
    for (let written = 0; written < chunk.length; ) written += fs.writeSync(descriptor, chunk, written);
  };
  const abort = () => {
    if (!isOpen) return;
    isOpen = false;
    fs.closeSync(descriptor);
    fs.rmSync(temporary, { force: true });
  };
  try {
    put(sealing.begin);
  } catch (error) {
    abort();
    throw error;
  }
  return {
    write(chunk) {
      bytes += chunk.length;
      if (bytes > place.maxBytes) return;
      head.add(chunk);
      hash.update(chunk);
      try {
        put(sealing.update(chunk));
      } catch (error) {
        abort();
        throw error;
      }
    },
    abort,
    end() {
      if (bytes > place.maxBytes) {
        abort();
        return 'too-large';
      }
      try {
        put(sealing.end());
        const digest = hash.digest('hex');
        const told = head.identify(bytes);
        const studyUid = told.studyUid || assumed.studyUid || 'unknown';
        const seriesUid = told.seriesUid || assumed.seriesUid || 'unknown';
        const sopUid = told.sopUid || assumed.sopUid || digest.slice(0, 32);
        const pathOf = (copy: number) => nameOf({ studyUid, seriesUid, sopUid }, copy);
        let copy = 1;
        let known = isKnown(pathOf(copy), digest);
        while (known === 'other') {
          copy += 1;
          known = isKnown(pathOf(copy), digest);
        }
        const sourceKey = place.sourceKey(pathOf(copy), null);
        const file = place.fileOf(sourceKey);
        if (known === 'new' || !fs.existsSync(file)) {
          if (place.flush === true) fs.fsyncSync(descriptor);
          inFolder(path.dirname(file), () => fs.renameSync(temporary, file));
          if (place.flush === true) flushFolder(path.dirname(file));
        } else fs.rmSync(temporary, { force: true });
        fs.closeSync(descriptor);
        isOpen = false;
        return {
          ...describeTaken(file, sourceKey, pathOf(copy), sopUid),
          studyUid,
          seriesUid,
          modality: told.modality,
          digest,
        };
      } catch (error) {
        abort();
        throw error;
      }
    },
  };
}

/** Does something in a folder, which is made where it is missing. */
function inFolder<Result>(folder: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    return work();
  }
}

/** The beginning of an object, kept until it has told whose it is. */
class ObjectHead {
  private chunks: Buffer[] = [];
  private length = 0;
  private told: ObjectIdentity | null = null;

  add(chunk: Uint8Array): void {
    for (let rest = chunk; rest.length > 0 && this.told === null; ) {
      const limit = HEAD_BYTES.find((each) => each > this.length);
      if (limit === undefined) return;
      // A copy: chunks are reused by those who send them.
      const piece = Buffer.from(rest.subarray(0, limit - this.length));
      this.chunks.push(piece);
      this.length += piece.length;
      rest = rest.subarray(piece.length);
      if (this.length < limit) return;
      const told = identifyObject(Buffer.concat(this.chunks), false);
      if (told.studyUid !== '' && told.seriesUid !== '' && told.sopUid !== '') this.told = told;
    }
  }

  /** @param bytes length of the whole object */
  identify(bytes: number): ObjectIdentity {
    return this.told ?? identifyObject(Buffer.concat(this.chunks), bytes === this.length);
  }
}

function describeTaken(file: string, sourceKey: string, name: string, sopUid: string): RetrievedInstance {
  const { size, mtimeMs } = fs.statSync(file);
  return { sopUid, sourceKey, path: name, bytes: size - SEAL_BYTES, mtimeMs: Math.trunc(mtimeMs) };
}

/** What came before with these UIDs: none, one, or several that say they are the same and are not. */
export function findTaken(
  place: IntakePlace,
  uids: { studyUid: string; seriesUid: string; sopUid: string },
): RetrievedInstance[] {
  const taken: RetrievedInstance[] = [];
  for (let copy = 1; ; copy += 1) {
    const name = nameOf(uids, copy);
    const sourceKey = place.sourceKey(name, null);
    const file = place.fileOf(sourceKey);
    if (!fs.existsSync(file)) return taken;
    taken.push(describeTaken(file, sourceKey, name, uids.sopUid));
  }
}

function nameOf(uids: { studyUid: string; seriesUid: string; sopUid: string }, copy: number): string {
  return `${uids.studyUid}/${uids.seriesUid}/${uids.sopUid}${copy === 1 ? '' : `#${copy}`}.dcm`;
}
