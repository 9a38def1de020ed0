/**
 * Takes instances in as they come over a network: streamed, sealed, and named by what their own header says once they
 * are whole. A reader never sees half of one.
 */
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { identifyObject } from '../../stages/retrieve/identify-object.ts';
import type { RetrievedInstance } from '../../stages/retrieve/retrieval.ts';
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

/** The header's beginning suffices for the UIDs but in the oddest files. */
const HEAD_BYTES = 256 * 1024;

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
  const folder = path.dirname(place.fileOf('00'.repeat(16)));
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const temporary = path.join(path.dirname(folder), `.arriving.tmp-${randomBytes(6).toString('hex')}`);
  const descriptor = fs.openSync(temporary, 'wx', 0o600);
  const sealing = place.sealer.sealing();
  const hash = createHash('sha256');
  const head: Uint8Array[] = [];
  let bytes = 0;
  let headBytes = 0;
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
      if (headBytes < HEAD_BYTES) {
        // A copy: chunks are reused by those who send them.
        head.push(Uint8Array.from(chunk.subarray(0, HEAD_BYTES - headBytes)));
        headBytes += head.at(-1)!.length;
      }
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
        const told = identifyObject(Buffer.concat(head), bytes <= HEAD_BYTES);
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
          fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
          fs.renameSync(temporary, file);
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
