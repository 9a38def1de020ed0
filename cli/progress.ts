import cliProgress from 'cli-progress';
import type { StageResult } from '../activities/stages.ts';
import type { ActivityObserver } from '../workers/observe-activities.ts';
import type { RunProgress } from '../workflows/contracts.ts';

/** Shows how far a run is: a live bar on a terminal, a line every few seconds elsewhere. */
export interface ProgressDisplay {
  update(progress: RunProgress): void;
  observer: ActivityObserver;
  stop(): void;
}

const LINE_INTERVAL_MS = 5_000;

export function createProgressDisplay(stream: NodeJS.WriteStream): ProgressDisplay {
  let last: RunProgress | null = null;
  let files = 0;
  let units = 0;
  let shownAt = Date.now();
  const bar = stream.isTTY
    ? new cliProgress.SingleBar(
        {
          format:
            '{stage} [{bar}] {value}/{total} files · {units} series units labelled · {duration_formatted}',
          stream,
          clearOnComplete: true,
        },
        cliProgress.Presets.shades_classic,
      )
    : null;
  let isBarStarted = false;

  const show = () => {
    if (last === null) return;
    const unchanged = last.batchCount === 0 ? 0 : last.batchesDone / last.batchCount;
    const done = Math.min(last.filesSeen, Math.max(files, Math.floor(last.filesSeen * unchanged)));
    const stage = (last.paused === true ? 'paused' : last.stage).padEnd(8);
    const { retrieval } = last;
    if (last.stage === 'retrieve' && retrieval !== undefined) {
      if (Date.now() - shownAt < LINE_INTERVAL_MS) return;
      shownAt = Date.now();
      const { requests, done, instances } = retrieval;
      stream.write(`retrieve: ${done} of ${requests} requests done, ${instances} instances\n`);
      return;
    }
    if (bar !== null) {
      if (!isBarStarted) bar.start(Math.max(1, last.filesSeen), 0, { stage, units: 0 });
      isBarStarted = true;
      bar.setTotal(Math.max(1, last.filesSeen));
      bar.update(done, { stage, units });
    } else if (Date.now() - shownAt >= LINE_INTERVAL_MS) {
      shownAt = Date.now();
      const batches = `batch ${last.batchesDone} of ${last.batchCount}`;
      stream.write(
        `${stage.trim()}: ${done} of ${last.filesSeen} files de-identified, ${units} series units labelled, ${batches}\n`,
      );
    }
  };

  return {
    update(progress) {
      last = progress;
      show();
    },
    observer: {
      ended(activity, end) {
        if (!end.ok) return;
        if (activity.activity === 'deidentifyBatch')
          files += (end.result as StageResult<'deidentifyBatch'>).files;
        if (activity.activity === 'classifyUnits') units += activity.units;
        show();
      },
    },
    stop() {
      if (isBarStarted) bar?.stop();
      isBarStarted = false;
    },
  };
}

/** Counts series units on a terminal, on one line. */
export function showUnits(done: number, total: number): void {
  process.stderr.write(`\r${done} of ${total} series units${done === total ? '\n' : ''}`);
}
