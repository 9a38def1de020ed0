/**
 * Inboxes of the state folder: what the receiver took in, sealed. Each study has an index, to which a record is added
 * once an instance is whole and has its name, and before its sender is told so.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Pseudonymizer } from '../../stages/deidentify/pseudonyms.ts';
import { flushFolder, isTemporaryName } from './atomic.ts';
import { beginInstance, type InstanceWriter, type IntakePlace, type TakenInstance } from './intake.ts';
import { createSealer, type Sealer } from './sealed.ts';
import type { State } from './state.ts';

/** One instance in the index of its study. */
export interface InboxRecord {
  studyUid: string;
  seriesUid: string;
  sopUid: string;
  modality: string | null;
  path: string;
  digest: string;
  receivedMs: number;
}

/** Folder of an inbox in a state folder. */
export function inboxFolder(stateFolder: string, name: string): string {
  return path.join(stateFolder, 'inbox', name);
}

/** Where the instances of an inbox lie. */
export function inboxPlace(
  folder: string,
  context: { files: { sealer: Sealer }; pseudonymizer: Pick<Pseudonymizer, 'sourceKey'> },
  maxBytes = Number.POSITIVE_INFINITY,
): IntakePlace {
  return {
    sealer: context.files.sealer,
    fileOf: (sourceKey) => inboxFile(folder, sourceKey),
    sourceKey: context.pseudonymizer.sourceKey,
    maxBytes,
  };
}

/** File of an instance of an inbox. */
export function inboxFile(folder: string, sourceKey: string): string {
  return path.join(folder, 'instances', sourceKey.slice(0, 2), `${sourceKey}.sealed`);
}

/** Studies of an inbox, each with its records. */
export function* readInbox(folder: string, sealer: Sealer): Generator<InboxRecord[]> {
  const studies = path.join(folder, 'studies');
  if (!fs.existsSync(studies)) return;
  for (const name of fs.readdirSync(studies).sort()) {
    if (!name.endsWith('.index')) continue;
    const { records } = readIndex(path.join(studies, name), sealer);
    if (records.length > 0) yield records;
  }
}

/** The records of one study; none where it is not known. */
export function readInboxStudy(folder: string, place: IntakePlace, studyUid: string): InboxRecord[] {
  const file = indexFile(folder, place, studyUid);
  return fs.existsSync(file) ? readIndex(file, place.sealer).records : [];
}

function indexFile(folder: string, place: IntakePlace, studyUid: string): string {
  return path.join(folder, 'studies', `${place.sourceKey(`inbox/${studyUid}`, null)}.index`);
}

/** Whole records, and where they end: what a kill left half-written behind them is not one. */
function readIndex(file: string, sealer: Sealer): { records: InboxRecord[]; bytes: number } {
  const data = fs.readFileSync(file);
  const records: InboxRecord[] = [];
  let offset = 0;
  while (offset + 4 <= data.length) {
    const end = offset + 4 + data.readUInt32LE(offset);
    if (end > data.length) break;
    records.push(JSON.parse(sealer.open(data.subarray(offset + 4, end)).toString('utf8')) as InboxRecord);
    offset = end;
  }
  return { records, bytes: offset };
}

/** Indexes that are held in memory at once. */
const OPEN_STUDIES = 256;

/** A study's index, and the digests of its instances by path. */
interface OpenStudy {
  file: string;
  digests: Map<string, string>;
}

/** Writes to one inbox. One process at a time: the caller holds its lock. */
export class InboxWriter {
  private readonly folder: string;
  private readonly place: IntakePlace;
  /** The studies that came last. */
  private readonly studies = new Map<string, OpenStudy>();

  constructor(
    state: State,
    options: {
      name: string;
      pseudonymizer: Pick<Pseudonymizer, 'sourceKey'>;
      maxBytes: number;
      flush: boolean;
    },
  ) {
    this.folder = inboxFolder(state.folder, options.name);
    const instances = path.join(this.folder, 'instances');
    for (const folder of [path.join(this.folder, 'studies'), instances])
      fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    // What a killed receiver had begun: its senders were told nothing, and send it again.
    for (const name of fs.readdirSync(instances))
      if (isTemporaryName(name)) fs.rmSync(path.join(instances, name), { force: true });
    const files = { sealer: createSealer(state.key) };
    const { pseudonymizer, maxBytes, flush } = options;
    this.place = { ...inboxPlace(this.folder, { files, pseudonymizer }, maxBytes), flush };
  }

  /** Begins an instance; its `end` has put it into the index when it returns. */
  open(sopUid: string): InstanceWriter {
    const writer = beginInstance(this.place, { sopUid }, (name, digest) => {
      const known = this.studyOf(name.slice(0, name.indexOf('/'))).digests.get(name);
      return known === undefined ? 'new' : known === digest ? 'same' : 'other';
    });
    return {
      write: (chunk) => writer.write(chunk),
      abort: () => writer.abort(),
      end: () => {
        const taken = writer.end();
        if (taken !== 'too-large') this.record(taken);
        return taken;
      },
    };
  }

  private record(taken: TakenInstance): void {
    const { file, digests } = this.studyOf(taken.studyUid);
    if (digests.get(taken.path) === taken.digest) return;
    const { studyUid, seriesUid, sopUid, modality, path: name, digest } = taken;
    const record: InboxRecord = {
      studyUid,
      seriesUid,
      sopUid,
      modality,
      path: name,
      digest,
      receivedMs: Date.now(),
    };
    const sealed = this.place.sealer.seal(Buffer.from(JSON.stringify(record)));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(sealed.length);
    const descriptor = fs.openSync(file, 'a', 0o600);
    const before = fs.fstatSync(descriptor).size;
    try {
      fs.appendFileSync(descriptor, Buffer.concat([length, sealed]));
      if (this.place.flush === true) fs.fsyncSync(descriptor);
    } catch (error) {
      // Half a record would hide all that follow.
      fs.ftruncateSync(descriptor, before);
      throw error;
    } finally {
      fs.closeSync(descriptor);
    }
    if (this.place.flush === true && digests.size === 0) flushFolder(path.dirname(file));
    digests.set(name, digest);
  }

  private studyOf(studyUid: string): OpenStudy {
    let study = this.studies.get(studyUid);
    if (study === undefined) {
      const file = indexFile(this.folder, this.place, studyUid);
      study = { file, digests: new Map() };
      if (fs.existsSync(file)) {
        const { records, bytes } = readIndex(file, this.place.sealer);
        fs.truncateSync(file, bytes);
        for (const { path: name, digest } of records) study.digests.set(name, digest);
      }
    }
    // Last used, last to go.
    this.studies.delete(studyUid);
    this.studies.set(studyUid, study);
    if (this.studies.size > OPEN_STUDIES) this.studies.delete(this.studies.keys().next().value!);
    return study;
  }
}
