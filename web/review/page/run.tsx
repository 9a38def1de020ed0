/** The run while it is under way, and what it came to. */
import { useEffect, useState } from 'preact/hooks';
import type { RunReply } from '../contracts.ts';
import { getRun } from './api.ts';
import { count } from './labels.ts';
import type { ReviewModel } from './review-model.ts';

const INTERVAL_MS = 2_000;
const STAGES = ['discover', 'curate', 'publish', 'done'];
const STATUS_NAMES: Readonly<Record<RunReply['status'], string>> = {
  running: 'Under way',
  done: 'Done',
  interrupted: 'Interrupted: run the same command again to go on',
  unknown: 'Not known to this machine’s state folder',
};

export function Run({ model, onReady }: { readonly model: ReviewModel; readonly onReady: () => void }) {
  const [run, setRun] = useState<RunReply | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    let isOver = false;
    const look = async () => {
      try {
        const reply = await getRun();
        if (isOver) return;
        setRun(reply);
        if (reply.status === 'done' && model.session?.ready === false) onReady();
      } catch (error) {
        model.say((error as Error).message, 'bad');
      }
      if (!isOver) timer = setTimeout(look, INTERVAL_MS);
    };
    void look();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, []);
  if (run === null) return <p class="empty">Loading…</p>;
  const share = run.filesSeen === 0 ? 0 : run.filesDone / run.filesSeen;
  const lost = (run.instances.quarantined ?? 0) + (run.instances.unreadable ?? 0);
  return (
    <div class="sheet">
      <h2>
        Run <span class={`mark ${run.status}`}>{STATUS_NAMES[run.status]}</span>
      </h2>
      {run.status === 'running' ? (
        <>
          <Stages stage={run.stage} />
          <progress max={1} value={share} aria-label="Files done" />
          <p class="soft tabular">
            {count(run.filesDone)} of {count(run.filesSeen)} files, batch {count(run.batchesDone)} of{' '}
            {count(run.batchCount)}
          </p>
        </>
      ) : null}
      <ul class="cards">
        <Card value={count(run.filesDone)} name={`of ${count(run.filesSeen)} source files`} />
        {run.status === 'running' ? (
          <>
            <Card
              value={run.filesPerSecond === null ? '–' : run.filesPerSecond.toFixed(1)}
              name="files a second, last minute"
            />
            <Card
              value={run.secondsLeft === null ? '–' : showDuration(run.secondsLeft)}
              name="left, estimated"
            />
            <Card value={count(run.failedBatches)} name="batches failed" isBad={run.failedBatches > 0} />
          </>
        ) : null}
        <Card value={count(lost)} name="files quarantined or unreadable" />
      </ul>
      <div class="pair">
        <Counts title="Source files" counts={run.instances} />
        <Counts title="Series units" counts={run.series} />
      </div>
      <p class="soft">
        {run.startedAt === null ? '' : `Started ${showTime(run.startedAt)}. `}
        {run.finishedAt === null || run.startedAt === null
          ? ''
          : `Took ${showDuration((Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1000)}. `}
        {run.temporalUrl === null ? null : (
          <a href={run.temporalUrl} target="_blank" rel="noreferrer">
            The workflow in Temporal’s own page
          </a>
        )}
      </p>
    </div>
  );
}

function Stages({ stage }: { readonly stage: string | null }) {
  // Only a source that is a PACS is retrieved first.
  const stages = stage === 'retrieve' ? ['retrieve', ...STAGES] : STAGES;
  const at = stages.indexOf(stage ?? '');
  return (
    <ol class="stages">
      {stages.map((name, index) => (
        <li
          key={name}
          class={index < at ? 'past' : index === at ? 'now' : ''}
          aria-current={index === at ? 'step' : undefined}
        >
          {name}
        </li>
      ))}
    </ol>
  );
}

function Card({ value, name, isBad = false }: { value: string; name: string; isBad?: boolean }) {
  return (
    <li class={isBad ? 'bad' : ''}>
      <b>{value}</b>
      <span>{name}</span>
    </li>
  );
}

function Counts({ title, counts }: { title: string; counts: Readonly<Record<string, number>> }) {
  const rows = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  if (rows.length === 0) return null;
  return (
    <table>
      <caption>{title}</caption>
      <tbody>
        {rows.map(([name, n]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{count(n)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function showDuration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min` : `${Math.ceil(seconds)} s`;
}

const showTime = (iso: string): string => new Date(iso).toLocaleString();
