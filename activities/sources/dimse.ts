/** A PACS by C-FIND and C-GET or C-MOVE. */
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeFileMeta } from '../../dicom/encode.ts';
import { IMPLEMENTATION } from '../../dicom/implementation.ts';
import { tag } from '../../dicom/tags.ts';
import { type DimsePeer, echo, find, get, move, type TransferCounts } from '../../dimse/client.ts';
import { DimseError } from '../../dimse/errors.ts';
import { decodeIdentifier, type Identifier } from '../../dimse/identifier.ts';
import {
  type IncomingInstance,
  type InstanceSink,
  type Receiver,
  startReceiver,
} from '../../dimse/receiver.ts';
import type { DimseSource } from '../../pipelines/source-schema.ts';
import { identifyObject } from '../../stages/retrieve/identify-object.ts';
import { dateRange, matchesQuery } from '../../stages/retrieve/matches-query.ts';
import type { dimseConnection } from './credentials.ts';
import {
  type ObjectSink,
  type RetrieveTarget,
  SourceError,
  type StudyMatch,
  type StudySource,
} from './port.ts';

const T = {
  level: tag('QueryRetrieveLevel'),
  studyDate: tag('StudyDate'),
  accessionNumber: tag('AccessionNumber'),
  modality: tag('Modality'),
  modalitiesInStudy: tag('ModalitiesInStudy'),
  studyDescription: tag('StudyDescription'),
  department: tag('InstitutionalDepartmentName'),
  studyUid: tag('StudyInstanceUID'),
  seriesUid: tag('SeriesInstanceUID'),
  sopUid: tag('SOPInstanceUID'),
  studyInstances: tag('NumberOfStudyRelatedInstances'),
  seriesInstances: tag('NumberOfSeriesRelatedInstances'),
} as const;

type OpenObject = (sopUid?: string) => ObjectSink;

/** A PACS may say nothing at all until a C-MOVE is done: as many time-outs as this. */
const MOVE_PATIENCE = 10;
/** Bytes in which an instance has told its study. */
const HEAD_BYTES = 64 * 1024;

/** @param connection address and TLS files (credentials.ts) */
export function openDimse(spec: DimseSource, connection: ReturnType<typeof dimseConnection>): StudySource {
  const { retry, throttle, retrieve } = spec;
  const peer: DimsePeer = {
    ...connection,
    callingAeTitle: spec.ae_title,
    timeoutMs: retry.timeout_s * 1000,
  };
  const destination = retrieve.with === 'move' ? new MoveDestination(spec, retrieve, connection.tls) : null;
  let nextStartMs = 0;

  /** Makes an attempt after the other, not faster than allowed. */
  async function attempt<Result>(
    work: () => Promise<Result>,
    signal: AbortSignal,
    mayRetry: () => boolean = () => true,
  ): Promise<Result> {
    for (let count = 1; ; count += 1) {
      const now = Date.now();
      const start = Math.max(now, nextStartMs);
      nextStartMs = start + 1000 / throttle.per_second;
      if (start > now) await sleep(start - now, undefined, { signal });
      try {
        return await work();
      } catch (error) {
        signal.throwIfAborted();
        const told = toSourceError(error);
        if (!(told instanceof SourceError) || !isWorthRetrying(told.code)) throw told;
        if (count >= retry.attempts || !mayRetry()) throw told;
        const wait = Math.min(retry.first_wait_s * 2 ** (count - 1), retry.longest_wait_s) * 1000;
        await sleep(wait / 2 + (wait / 2) * Math.random(), undefined, { signal });
      }
    }
  }

  async function ask(
    identifier: Identifier,
    tags: readonly number[],
    signal: AbortSignal,
  ): Promise<Map<number, string>[]> {
    const keys = new Map(tags.map((each) => [each, '']));
    const whole = new Map([...keys, ...identifier]);
    const { answers, transferSyntaxUid } = await attempt(() => find(peer, whole, signal), signal);
    return answers.map((answer) => decodeIdentifier(answer, transferSyntaxUid, tags));
  }

  return {
    async *findStudies(match, signal) {
      const tags = [T.studyUid, T.studyDate, T.accessionNumber, T.studyInstances];
      if ('by' in match) tags.push(T.modalitiesInStudy, T.studyDescription, T.department);
      const seen = new Set<string>();
      for (const answer of await ask(studyIdentifier(match), tags, signal)) {
        const studyUid = answer.get(T.studyUid);
        if (studyUid === undefined || seen.has(studyUid) || !isAskedFor(answer, match)) continue;
        seen.add(studyUid);
        yield { studyUid, announcedCount: numberOf(answer, T.studyInstances) };
      }
    },
    async findSeries(studyUid, signal) {
      const identifier = new Map([
        [T.level, 'SERIES'],
        [T.studyUid, studyUid],
      ]);
      const tags = [T.seriesUid, T.modality, T.seriesInstances];
      const series = new Map<string, Awaited<ReturnType<StudySource['findSeries']>>[number]>();
      for (const answer of await ask(identifier, tags, signal)) {
        const seriesUid = answer.get(T.seriesUid);
        if (seriesUid === undefined || series.has(seriesUid)) continue;
        const modality = answer.get(T.modality) ?? null;
        series.set(seriesUid, { seriesUid, modality, announcedCount: numberOf(answer, T.seriesInstances) });
      }
      return [...series.values()];
    },
    async findInstances(studyUid, seriesUid, signal) {
      const identifier = new Map([
        [T.level, 'IMAGE'],
        [T.studyUid, studyUid],
        [T.seriesUid, seriesUid],
      ]);
      try {
        // SOP classes are not asked for: some PACS leave them out, and nothing here depends on them.
        const answers = await ask(identifier, [T.sopUid], signal);
        return [...new Set(answers.flatMap((answer) => answer.get(T.sopUid) ?? []))];
      } catch (error) {
        if (error instanceof SourceError && error.code === 'refused') return null;
        throw error;
      }
    },
    async retrieve(target, openObject, { signal }) {
      let taken = 0;
      const open: OpenObject = (sopUid) => {
        const sink = openObject(sopUid);
        return {
          write: (chunk) => sink.write(chunk),
          abort: () => sink.abort(),
          end() {
            sink.end();
            taken += 1;
          },
        };
      };
      const transfer =
        destination === null
          ? () => get(peer, targetIdentifier(target), (instance) => instanceSink(instance, open), signal)
          : () => destination.move(peer, target, open, signal);
      const counts = await attempt(transfer, signal, () => taken === 0);
      if (taken === 0 && (counts.failed ?? 0) > 0) throw new SourceError('refused');
      return { etag: null, unchanged: false };
    },
    echo: (signal) => attempt(() => echo(peer, signal), signal),
    async close() {
      await destination?.close();
    },
  };
}

/** Our receiver, where a PACS sends what a C-MOVE asks for. */
class MoveDestination {
  private readonly spec: DimseSource;
  private readonly how: Extract<DimseSource['retrieve'], { with: 'move' }>;
  private readonly tls: ReturnType<typeof dimseConnection>['tls'];
  private receiver: Promise<Receiver> | null = null;
  /** Moves under way, by study. */
  private readonly moves = new Map<string, { open: OpenObject; received: number; lastMs: number }>();

  constructor(
    spec: DimseSource,
    how: Extract<DimseSource['retrieve'], { with: 'move' }>,
    tls: ReturnType<typeof dimseConnection>['tls'],
  ) {
    this.spec = spec;
    this.how = how;
    this.tls = tls;
  }

  /** Asks, and waits for what may still be on its way: some PACS answer before they have sent. */
  async move(
    peer: DimsePeer,
    target: RetrieveTarget,
    open: OpenObject,
    signal: AbortSignal,
  ): Promise<TransferCounts> {
    await this.listen();
    const entry = { open, received: 0, lastMs: Date.now() };
    this.moves.set(target.studyUid, entry);
    try {
      const patient = { ...peer, timeoutMs: peer.timeoutMs * MOVE_PATIENCE };
      const counts = await move(patient, targetIdentifier(target), this.spec.ae_title, signal);
      const isThere = () =>
        counts.completed !== null && counts.completed > 0 && entry.received >= counts.completed;
      entry.lastMs = Date.now();
      while (!isThere() && Date.now() - entry.lastMs < this.how.settle_s * 1000)
        await sleep(50, undefined, { signal });
      return counts;
    } finally {
      if (this.moves.get(target.studyUid) === entry) this.moves.delete(target.studyUid);
    }
  }

  async close(): Promise<void> {
    const receiver = await this.receiver?.catch(() => null);
    await receiver?.close();
  }

  private listen(): Promise<Receiver> {
    const { cert = null, key = null } = this.tls ?? {};
    this.receiver ??= startReceiver({
      host: this.how.host,
      port: this.how.port,
      aeTitle: this.spec.ae_title,
      callingAeTitles: null,
      peers: null,
      tls:
        this.tls === null || cert === null || key === null
          ? null
          : { cert, key, ca: this.tls.ca, passphrase: this.tls.passphrase },
      maxAssociations: 64,
      idleMs: this.spec.retry.timeout_s * 1000 * MOVE_PATIENCE,
      openInstance: (instance) => this.take(instance),
    });
    this.receiver.catch(() => {
      this.receiver = null;
    });
    return this.receiver;
  }

  /** Whose an instance is its beginning tells: not every PACS says which C-MOVE it answers. */
  private take(instance: IncomingInstance): InstanceSink {
    const head: Buffer[] = [];
    let headBytes = 0;
    let sink: InstanceSink | null = null;
    let isRefused = false;
    let entry: { open: OpenObject; received: number; lastMs: number } | undefined;
    const begin = (complete: boolean) => {
      const bytes = Buffer.concat([fileMetaOf(instance), ...head]);
      entry = this.moves.get(identifyObject(bytes, complete).studyUid);
      if (entry === undefined) isRefused = true;
      else {
        sink = instanceSink(instance, entry.open);
        for (const chunk of head) sink.write(chunk);
      }
      head.length = 0;
    };
    return {
      write(chunk) {
        if (sink !== null) return sink.write(chunk);
        if (isRefused) return;
        head.push(Buffer.from(chunk));
        headBytes += chunk.length;
        if (headBytes >= HEAD_BYTES) begin(false);
      },
      abort: () => sink?.abort(),
      end() {
        if (sink === null && !isRefused) begin(true);
        const result = sink === null ? 'refused' : sink.end();
        if (entry !== undefined) {
          entry.received += 1;
          entry.lastMs = Date.now();
        }
        return result;
      },
    };
  }
}

/** The File Meta of an instance that came by C-STORE: the sender's own does not travel. PS3.10 section 7.1 */
export function fileMetaOf(instance: IncomingInstance): Uint8Array {
  return encodeFileMeta({
    sopClassUid: instance.sopClassUid,
    sopInstanceUid: instance.sopInstanceUid,
    transferSyntaxUid: instance.transferSyntaxUid,
    implementationClassUid: IMPLEMENTATION.classUid,
    implementationVersionName: IMPLEMENTATION.versionName,
  });
}

function instanceSink(instance: IncomingInstance, open: OpenObject): InstanceSink {
  const sink = open(instance.sopInstanceUid);
  sink.write(fileMetaOf(instance));
  return {
    write: (chunk) => sink.write(chunk),
    abort: () => sink.abort(),
    end() {
      sink.end();
      return 'kept';
    },
  };
}

function targetIdentifier({ studyUid, seriesUid, sopUid }: RetrieveTarget): Identifier {
  const level = sopUid !== undefined ? 'IMAGE' : seriesUid !== undefined ? 'SERIES' : 'STUDY';
  const identifier = new Map([
    [T.level, level],
    [T.studyUid, studyUid],
  ]);
  if (seriesUid !== undefined) identifier.set(T.seriesUid, seriesUid);
  if (sopUid !== undefined) identifier.set(T.sopUid, sopUid);
  return identifier;
}

function studyIdentifier(match: StudyMatch): Map<number, string> {
  const identifier = new Map([[T.level, 'STUDY']]);
  if ('studyUid' in match) return identifier.set(T.studyUid, match.studyUid);
  if ('accessionNumber' in match) return identifier.set(T.accessionNumber, match.accessionNumber);
  const { modalities = [], study_description: description, department } = match;
  const range = dateRange(match);
  if (range !== undefined) identifier.set(T.studyDate, range);
  // One value alone: PACS differ in what they make of several; the answers are held to the query anyway.
  if (modalities.length === 1) identifier.set(T.modalitiesInStudy, modalities[0]!);
  if (description !== undefined) identifier.set(T.studyDescription, description);
  if (department !== undefined) identifier.set(T.department, department);
  return identifier;
}

function isAskedFor(answer: ReadonlyMap<number, string>, match: StudyMatch): boolean {
  if ('studyUid' in match) return answer.get(T.studyUid) === match.studyUid;
  if ('accessionNumber' in match)
    return (answer.get(T.accessionNumber) ?? match.accessionNumber) === match.accessionNumber;
  return matchesQuery(
    {
      studyDate: answer.get(T.studyDate),
      modalities: answer.get(T.modalitiesInStudy)?.split('\\'),
      studyDescription: answer.get(T.studyDescription),
      department: answer.get(T.department),
    },
    match,
  );
}

function numberOf(answer: ReadonlyMap<number, string>, wanted: number): number | null {
  const text = answer.get(wanted) ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function isWorthRetrying(code: SourceError['code']): boolean {
  return code === 'unreachable' || code === 'server-error' || code === 'timed-out' || code === 'truncated';
}

/** Statuses: PS3.4 tables C.4-1 to C.4-3, PS3.7 annex C. */
function toSourceError(error: unknown): unknown {
  if (!(error instanceof DimseError)) return error;
  const { code, status } = error;
  if (code === 'failed') {
    const isRefusal = status === 0xa900 || status === 0xa801 || status === 0x0124 || status === 0x0122;
    return new SourceError(isRefusal ? 'refused' : 'server-error');
  }
  const codes = {
    unreachable: 'unreachable',
    rejected: 'unauthorized',
    'no-context': 'refused',
    aborted: 'truncated',
    'timed-out': 'timed-out',
    'bad-pdu': 'bad-answer',
  } as const;
  return new SourceError(codes[code]);
}
