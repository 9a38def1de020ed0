/** The run itself, for the page: what `status` tells, with throughput and an estimate from looks in between. */
import type { RunDocument } from '../../activities/run-document.ts';
import type { RunInspection } from '../../workers/inspect-run.ts';
import type { RunReply } from './contracts.ts';

/** Throughput is of the last minute. */
const WINDOW_MS = 60_000;

/** A look costs the run a query: no more than one in this time, however many pages are open. */
const LEAST_INTERVAL_MS = 1_500;

interface Look {
  readonly atMs: number;
  readonly filesDone: number;
}

const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

export class RunWatch {
  private readonly inspect: () => Promise<RunInspection | null>;
  private readonly readDocument: () => RunDocument | null;
  private looks: Look[] = [];
  private last: { readonly atMs: number; readonly reply: Promise<RunReply> } | null = null;

  /** @param inspect null where no state folder knows the run */
  constructor(inspect: () => Promise<RunInspection | null>, readDocument: () => RunDocument | null) {
    this.inspect = inspect;
    this.readDocument = readDocument;
  }

  look(nowMs: number = Date.now()): Promise<RunReply> {
    if (this.last === null || nowMs - this.last.atMs >= LEAST_INTERVAL_MS)
      this.last = { atMs: nowMs, reply: this.read(nowMs) };
    return this.last.reply;
  }

  private async read(nowMs: number): Promise<RunReply> {
    const inspection = await this.inspect();
    const document = this.readDocument();
    if (inspection?.status !== 'running') {
      this.looks = [];
      return describeEnded(document, inspection);
    }
    const { progress } = inspection;
    const filesDone = progress === null ? 0 : sumOf(progress.instances);
    this.looks = [...this.looks.filter(({ atMs }) => nowMs - atMs <= WINDOW_MS), { atMs: nowMs, filesDone }];
    const [first] = this.looks;
    const seconds = (nowMs - first!.atMs) / 1000;
    const filesPerSecond = seconds >= 1 ? (filesDone - first!.filesDone) / seconds : null;
    const filesSeen = progress?.filesSeen ?? 0;
    return {
      status: 'running',
      stage: progress?.stage ?? null,
      filesSeen,
      filesDone,
      batchesDone: progress?.batchesDone ?? 0,
      batchCount: progress?.batchCount ?? 0,
      failedBatches: inspection.failedBatches,
      instances: progress?.instances ?? {},
      series: progress?.series ?? {},
      filesPerSecond,
      secondsLeft:
        filesPerSecond === null || filesPerSecond <= 0 ? null : (filesSeen - filesDone) / filesPerSecond,
      startedAt: inspection.startedAt,
      finishedAt: null,
      temporalUrl: inspection.temporalUrl,
    };
  }
}

function describeEnded(document: RunDocument | null, inspection: RunInspection | null): RunReply {
  const instances = document?.ledger.instances ?? {};
  return {
    status: document !== null ? 'done' : (inspection?.status ?? 'unknown'),
    stage: null,
    filesSeen: document?.ledger.files_seen ?? 0,
    filesDone: sumOf(instances),
    ...{ batchesDone: 0, batchCount: 0, failedBatches: 0 },
    instances,
    series: document?.ledger.series ?? {},
    ...{ filesPerSecond: null, secondsLeft: null, temporalUrl: null },
    startedAt: document?.started_at ?? null,
    finishedAt: document?.finished_at ?? null,
  };
}
