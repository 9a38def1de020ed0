/**
 * The crosswalk: which identifier of a source became which pseudonym. It lies in the state folder alone, encrypted
 * (AES-256-GCM), in parts that are never changed: a writer adds a part and then removes those that are in it, so that a
 * kill at any moment, two writers of one batch, or a rotation beside them lose nothing. ADR 0009.
 *
 * Parts are encrypted under a data key; the data key lies in `keyring.json`, itself encrypted under a key from
 * `SERIESWISE_CROSSWALK_KEY_FILE`, or from the project key where that is not set.
 */
import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { IdentityPair } from '../../stages/deidentify/pseudonyms.ts';
import { StageFailure } from '../failures.ts';
import { flushFolder, isTemporaryName, readIfExists, writeFileAtomic } from './atomic.ts';
import { isBucketLocation } from './locations.ts';
import { createSealer } from './sealed.ts';
import { readKeyFile, type State } from './state.ts';

/** A data key, and under which outer keys it is wrapped. */
interface RingKey {
  id: string;
  /** By the outer key's id: the data key, sealed, in Base64. */
  wrapped: Record<string, string>;
}

/** More than one key: a rotation is under way, or was cut off. */
interface Keyring {
  version: 1;
  /** Data key for what is written. */
  current: string;
  keys: RingKey[];
}

interface DataKey {
  id: string;
  secret: Buffer;
}

const MAGIC = Buffer.from('SWX1');
const ID_BYTES = 8;
const PART_PURPOSE = 'serieswise crosswalk parts v1';
const WRAP_PURPOSE = 'serieswise crosswalk keys v1';

/** The secret that opens the crosswalk: of `SERIESWISE_CROSSWALK_KEY_FILE`, else the project key. */
function outerSecret(state: State): Buffer {
  const file = process.env.SERIESWISE_CROSSWALK_KEY_FILE;
  if (file === undefined || file === '') return state.key;
  return readKeyFile(file, 'The file of SERIESWISE_CROSSWALK_KEY_FILE');
}

/** Tells nothing of the key. */
function idOf(secret: Uint8Array, purpose: string): string {
  const derived = Buffer.from(hkdfSync('sha256', secret, '', `${purpose} id`, 32));
  return createHash('sha256')
    .update(derived)
    .digest('hex')
    .slice(0, ID_BYTES * 2);
}

/**
 * The crosswalk of a state folder. Its writers append and rename within a folder, so there is none in a bucket.
 * @throws StageFailure `crosswalk-needs-folder` when the state lies in a bucket
 */
export class Crosswalk {
  private readonly folder: string;
  private readonly outer: Buffer;

  private constructor(state: State) {
    if (isBucketLocation(state.location)) {
      const message =
        'The crosswalk lies in a state folder, never in a bucket: name a folder with --state or SERIESWISE_STATE.';
      throw new StageFailure('crosswalk-needs-folder', 'environment', message);
    }
    this.folder = path.join(state.folder, 'crosswalk');
    this.outer = outerSecret(state);
  }

  /**
   * Opens the crosswalk, and makes one where there is none.
   * @throws StageFailure `crosswalk-key-wrong` when its keys cannot be opened with the key that is set
   */
  static create(state: State): Crosswalk {
    const crosswalk = new Crosswalk(state);
    fs.mkdirSync(path.join(crosswalk.folder, 'parts'), { recursive: true, mode: 0o700 });
    if (!fs.existsSync(crosswalk.ringFile)) crosswalk.makeRing();
    crosswalk.currentKey();
    return crosswalk;
  }

  /**
   * @returns null when the state folder has no crosswalk
   * @throws StageFailure `crosswalk-key-wrong`
   */
  static open(state: State): Crosswalk | null {
    const crosswalk = new Crosswalk(state);
    if (!fs.existsSync(crosswalk.ringFile)) return null;
    crosswalk.currentKey();
    return crosswalk;
  }

  /** Whether something was written for a batch, if only that it holds no identifier. */
  has(runKey: string, batch: number): boolean {
    return this.listFiles(this.batchFolder(runKey, batch)).length > 0;
  }

  /** Adds the pairs of a batch to what is known of it. Returns when they are on the disk. */
  add(runKey: string, batch: number, pairs: Iterable<IdentityPair>): void {
    const folder = this.batchFolder(runKey, batch);
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const merged = new Map([...pairs].map((pair) => [keyOf(pair), pair]));
    // Once more when a rotation has begun meanwhile: nothing may be left under a key that is about to go.
    for (;;) {
      const key = this.currentKey();
      const taken: string[] = [];
      for (const file of this.listFiles(folder)) {
        const before = this.readPart(file);
        if (before === 'gone' || before === null) continue;
        for (const pair of before) merged.set(keyOf(pair), pair);
        taken.push(file);
        if (before.length === merged.size && keyIdOf(file) === key.id) return;
      }
      this.writePart(folder, key, [...merged.values()]);
      for (const file of taken) fs.rmSync(file, { force: true });
      if (this.currentKey().id === key.id) return;
    }
  }

  /** Every pair, each as often as a batch has it, and how many parts could not be opened. */
  read(visit: (pair: IdentityPair) => void): { parts: number; unreadable: number } {
    let parts = 0;
    let unreadable = 0;
    for (const folder of this.batchFolders()) {
      // A part that goes away between listing and reading has been taken into another one.
      for (let attempt = 0; ; attempt += 1) {
        const files = this.listFiles(folder);
        const read = files.map((file) => this.readPart(file));
        if (read.some((pairs) => pairs === 'gone') && attempt < 100) continue;
        for (const pairs of read) {
          if (pairs === 'gone') continue;
          parts += 1;
          if (pairs === null) unreadable += 1;
          else for (const pair of pairs) visit(pair);
        }
        break;
      }
    }
    return { parts, unreadable };
  }

  /**
   * Encrypts everything under a new data key, which is wrapped under `newSecret` alone in the end (default: the key
   * that is set). Pseudonyms stay. Cut off, it goes on when it is called again; until it ends, either key opens.
   * @param onPart told after each part, for progress
   * @returns how many parts were encrypted anew
   * @throws StageFailure `crosswalk-busy` while another rotation is under way
   */
  rotate(newSecret: Uint8Array | null, onPart: (done: number) => void = () => {}): number {
    const release = this.lock();
    try {
      const outers = [this.outer, ...(newSecret === null ? [] : [Buffer.from(newSecret)])];
      let ring = this.readRing();
      if (ring.keys.length === 1) {
        const fresh = newDataKey();
        ring = {
          ...ring,
          current: fresh.id,
          keys: [...ring.keys, { id: fresh.id, wrapped: wrap(fresh, outers) }],
        };
      }
      const keys = ring.keys.map(({ id, wrapped }) => ({
        id,
        wrapped: { ...wrapped, ...wrap(this.unwrap({ id, wrapped }), outers) },
      }));
      ring = { ...ring, keys };
      this.writeRing(ring);
      let done = 0;
      while (this.rewriteParts(ring.current, () => onPart(++done)) > 0);
      const last = this.unwrap(ring.keys.find(({ id }) => id === ring.current)!);
      const wrapped = wrap(last, [newSecret ?? this.outer]);
      this.writeRing({ version: 1, current: last.id, keys: [{ id: last.id, wrapped }] });
      return done;
    } finally {
      release();
    }
  }

  /** @returns how many parts were found under another key than the given one */
  private rewriteParts(current: string, onPart: () => void): number {
    let found = 0;
    const ring = this.readRing();
    const known = new Set(ring.keys.map(({ id }) => id));
    const key = this.unwrap(ring.keys.find(({ id }) => id === current)!);
    for (const folder of this.batchFolders()) {
      for (const file of this.listFiles(folder)) {
        const id = keyIdOf(file);
        // Gone meanwhile, or left by a writer that was killed after an earlier rotation: its batch is done again.
        if (id === null || id === current || !known.has(id)) continue;
        const pairs = this.readPart(file);
        if (pairs === 'gone' || pairs === null) continue;
        this.writePart(folder, key, pairs);
        fs.rmSync(file, { force: true });
        found += 1;
        onPart();
      }
    }
    return found;
  }

  private writePart(folder: string, { id, secret }: DataKey, pairs: IdentityPair[]): string {
    const body = Buffer.from(JSON.stringify({ part: path.basename(folder), pairs }));
    const file = path.join(folder, `${randomBytes(8).toString('hex')}.sealed`);
    const sealed = createSealer(secret, PART_PURPOSE).seal(body);
    writeFileAtomic(file, Buffer.concat([MAGIC, Buffer.from(id, 'hex'), sealed]), { mode: 0o600 });
    flushFolder(folder);
    return file;
  }

  /** @returns `gone` when the file is not there any more, null when no key of the ring opens it */
  private readPart(file: string): IdentityPair[] | 'gone' | null {
    const bytes = readIfExists(file);
    if (bytes === null) return 'gone';
    const id = bytes.toString('hex', MAGIC.length, MAGIC.length + ID_BYTES);
    const ringKey = this.readRing().keys.find((key) => key.id === id);
    if (ringKey === undefined || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return null;
    const sealer = createSealer(this.unwrap(ringKey).secret, PART_PURPOSE);
    const body = JSON.parse(sealer.open(bytes.subarray(MAGIC.length + ID_BYTES)).toString('utf8')) as {
      part: string;
      pairs: IdentityPair[];
    };
    return body.part === path.basename(path.dirname(file)) ? body.pairs : null;
  }

  private get ringFile(): string {
    return path.join(this.folder, 'keyring.json');
  }

  private readRing(): Keyring {
    const bytes = readIfExists(this.ringFile);
    if (bytes === null)
      throw new StageFailure('crosswalk-missing', 'environment', 'The keyring of the crosswalk is missing.');
    return JSON.parse(bytes.toString('utf8')) as Keyring;
  }

  private writeRing(ring: Keyring): void {
    writeFileAtomic(this.ringFile, JSON.stringify(ring), { mode: 0o600 });
    flushFolder(this.folder);
  }

  /** Made beside and linked, so that of two processes that start at once both end up with the same key. */
  private makeRing(): void {
    const key = newDataKey();
    const ring: Keyring = {
      version: 1,
      current: key.id,
      keys: [{ id: key.id, wrapped: wrap(key, [this.outer]) }],
    };
    const temporary = `${this.ringFile}.${randomBytes(6).toString('hex')}`;
    fs.writeFileSync(temporary, JSON.stringify(ring), { mode: 0o600, flush: true });
    try {
      fs.linkSync(temporary, this.ringFile);
      flushFolder(this.folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      fs.rmSync(temporary, { force: true });
    }
  }

  private currentKey(): DataKey {
    const ring = this.readRing();
    return this.unwrap(ring.keys.find(({ id }) => id === ring.current)!);
  }

  private unwrap({ id, wrapped }: RingKey): DataKey {
    const sealed = wrapped[idOf(this.outer, WRAP_PURPOSE)];
    if (sealed === undefined) {
      throw new StageFailure(
        'crosswalk-key-wrong',
        'environment',
        'The crosswalk was encrypted with another key: set SERIESWISE_CROSSWALK_KEY_FILE to the file that it was last ' +
          'rotated to, or use the project key that it was made with.',
      );
    }
    return { id, secret: createSealer(this.outer, WRAP_PURPOSE).open(Buffer.from(sealed, 'base64')) };
  }

  private batchFolder(runKey: string, batch: number): string {
    return path.join(this.folder, 'parts', `${runKey}-${String(batch).padStart(6, '0')}`);
  }

  private batchFolders(): string[] {
    const parts = path.join(this.folder, 'parts');
    return fs
      .readdirSync(parts)
      .sort()
      .map((name) => path.join(parts, name));
  }

  private listFiles(folder: string): string[] {
    let names: string[];
    try {
      names = fs.readdirSync(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
    return names
      .filter((name) => name.endsWith('.sealed') && !isTemporaryName(name))
      .sort()
      .map((name) => path.join(folder, name));
  }

  /** One rotation at a time; the lock of a process that has ended does not count. */
  private lock(): () => void {
    const file = path.join(this.folder, 'rotation.lock');
    for (;;) {
      try {
        fs.writeFileSync(file, String(process.pid), { mode: 0o600, flag: 'wx' });
        return () => fs.rmSync(file, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = Number(readIfExists(file)?.toString('utf8') ?? '0');
      if (isAlive(holder)) {
        const message = 'Another rotation of the crosswalk is under way.';
        throw new StageFailure('crosswalk-busy', 'environment', message);
      }
      this.removeLock(file, holder);
    }
  }

  /** Of a process that has ended. Moved aside first: of two that see it, one may have a lock of its own by now. */
  private removeLock(file: string, holder: number): void {
    const aside = `${file}.${randomBytes(6).toString('hex')}`;
    try {
      fs.renameSync(file, aside);
      if (fs.readFileSync(aside, 'utf8') !== String(holder)) fs.linkSync(aside, file);
    } catch (error) {
      if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    } finally {
      fs.rmSync(aside, { force: true });
    }
  }
}

function newDataKey(): DataKey {
  const secret = randomBytes(32);
  return { id: randomBytes(ID_BYTES).toString('hex'), secret };
}

function wrap({ secret }: DataKey, outers: readonly Uint8Array[]): Record<string, string> {
  return Object.fromEntries(
    outers.map((outer) => [
      idOf(outer, WRAP_PURPOSE),
      createSealer(outer, WRAP_PURPOSE).seal(secret).toString('base64'),
    ]),
  );
}

function keyIdOf(file: string): string | null {
  return (
    readIfExists(file)
      ?.subarray(MAGIC.length, MAGIC.length + ID_BYTES)
      .toString('hex') ?? null
  );
}

function keyOf({ kind, pseudonym, source, issuer }: IdentityPair): string {
  return JSON.stringify([kind, pseudonym, source, issuer]);
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
