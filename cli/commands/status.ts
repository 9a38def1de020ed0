import path from 'node:path';
import type { Command } from 'commander';
import { RunFiles, runKeyOf } from '../../activities/store/run-files.ts';
import { clusterFromEnvironment, connectClient } from '../../workers/cluster.ts';
import { readServerAddress } from '../../workers/embedded-server.ts';
import { readLockHolder } from '../../workers/run-lock.ts';
import { workflowIdOf } from '../../workers/run-session.ts';
import { PROGRESS_QUERY, type RunProgress } from '../../workflows/contracts.ts';
import { readRunDocument } from '../run-folder.ts';
import { openStateOrExit, printJson, withStateOption } from '../settings.ts';
import { renderTable } from '../table.ts';

/** What is known of a run from outside. */
interface RunStatus {
  /** `interrupted`: begun, not ended, and nobody works on it. */
  status: 'running' | 'done' | 'interrupted';
  progress: RunProgress | null;
  process: number | null;
}

export function registerStatus(program: Command): void {
  withStateOption(
    program
      .command('status')
      .summary('state and progress of a run')
      .argument('<dir>', 'output folder of the run')
      .option('--json', 'print one JSON document on standard output'),
  ).action(async (folder: string, options: { state?: string; json?: boolean }) => {
    const output = path.resolve(folder);
    const document = readRunDocument(output);
    const state = openStateOrExit(options.state);
    const runKey = runKeyOf(state, output);
    const {
      status,
      progress,
      process: holder,
    } = await inspectRun(new RunFiles(state, runKey), runKey, document !== null);
    if (options.json) {
      printJson({
        status,
        process: holder,
        progress,
        ledger: document?.ledger ?? null,
        finished_at: document?.finished_at ?? null,
      });
      return;
    }
    const rows: [string, string | number][] = [['status', status]];
    if (holder !== null) rows.push(['process', holder]);
    if (progress !== null) {
      rows.push(['stage', progress.stage], ['files seen', progress.filesSeen]);
      rows.push(['batches', `${progress.batchesDone} of ${progress.batchCount}`]);
    }
    if (document !== null) {
      rows.push(['finished', document.finished_at], ['pipeline', document.pipeline.name]);
      rows.push(['bundle', `${document.bundle.name}@${document.bundle.version}`]);
      for (const [name, count] of Object.entries(document.ledger.instances))
        rows.push([`files ${name}`, count]);
      for (const [name, count] of Object.entries(document.ledger.series))
        rows.push([`series units ${name}`, count]);
      rows.push(['to be reviewed', document.ledger.needs_review]);
    }
    process.stdout.write(`${renderTable(['', ''], rows)}\n`);
    if (status === 'interrupted')
      process.stderr.write('Run the same `serieswise run` command again to go on.\n');
  });
}

async function inspectRun(files: RunFiles, runKey: string, hasEnded: boolean): Promise<RunStatus> {
  const holder = readLockHolder(files);
  const cluster = clusterFromEnvironment();
  const embedded = readServerAddress(files.folder);
  const address = cluster ?? (embedded === null ? null : { address: embedded, namespace: 'default' });
  if (address !== null) {
    try {
      const client = await connectClient(address);
      try {
        const handle = client.workflow.getHandle(workflowIdOf(runKey));
        const { status } = await handle.describe();
        if (status.name === 'RUNNING') {
          const progress = await handle.query<RunProgress>(PROGRESS_QUERY).catch(() => null);
          return { status: 'running', progress, process: holder };
        }
      } finally {
        await client.connection.close();
      }
    } catch {
      // No server, or no such workflow: the files tell the rest.
    }
  }
  if (holder !== null) return { status: 'running', progress: null, process: holder };
  return { status: hasEnded ? 'done' : 'interrupted', progress: null, process: null };
}
