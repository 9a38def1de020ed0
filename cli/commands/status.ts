import type { Command } from 'commander';
import { normalizeLocation } from '../../activities/store/locations.ts';
import { RunFiles, runKeyOf } from '../../activities/store/run-files.ts';
import { inspectRun } from '../../workers/inspect-run.ts';
import { withOutputView } from '../output-view.ts';
import { readRunDocument } from '../run-folder.ts';
import { openStateOrExit, printJson, withStateOption } from '../settings.ts';
import { renderTable } from '../table.ts';

export function registerStatus(program: Command): void {
  withStateOption(
    program
      .command('status')
      .summary('state and progress of a run')
      .argument('<dir>', 'output folder of the run')
      .option('--json', 'print one JSON document on standard output'),
  ).action(async (folder: string, options: { state?: string; json?: boolean }) => {
    const output = normalizeLocation(folder);
    const document = await withOutputView(output, 'document', async (view) =>
      readRunDocument(view.folder, output),
    );
    const state = openStateOrExit(options.state);
    const runKey = runKeyOf(state, output);
    const {
      status: found,
      progress,
      process: holder,
      failedBatches,
      temporalUrl,
    } = await inspectRun(await RunFiles.open(state, runKey), runKey, document !== null);
    const status = progress?.paused === true ? 'paused' : found;
    if (options.json) {
      printJson({
        status,
        process: holder,
        progress,
        failed_batches: failedBatches,
        temporal_url: temporalUrl,
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
      if (failedBatches > 0) rows.push(['batches failed', failedBatches]);
      if (temporalUrl !== null) rows.push(['Temporal', temporalUrl]);
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
    if (status === 'paused') process.stderr.write(`Go on with: serieswise resume ${folder}\n`);
    if (status === 'interrupted')
      process.stderr.write('Run the same `serieswise run` command again to go on.\n');
  });
}
