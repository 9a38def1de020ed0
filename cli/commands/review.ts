import fs from 'node:fs';
import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { isBucketLocation } from '../../activities/store/locations.ts';
import { RunFiles, runKeyOf } from '../../activities/store/run-files.ts';
import { defaultStateLocation, openState } from '../../activities/store/state.ts';
import type { ProgressReply } from '../../web/review/contracts.ts';
import { readProgress } from '../../web/review/progress.ts';
import { ReviewQueue } from '../../web/review/queue.ts';
import { READER_FORM, type Reviewer } from '../../web/review/review-store.ts';
import { type ReviewServer, startReviewServer } from '../../web/review/server.ts';
import { inspectRun, type RunInspection } from '../../workers/inspect-run.ts';
import { CliError } from '../exit.ts';
import { readRunDocument, requireRunDocument } from '../run-folder.ts';
import { printJson, say, withStateOption } from '../settings.ts';
import { renderTable } from '../table.ts';

interface ReviewOptions {
  reader: string;
  adjudicate?: boolean;
  port: number;
  summary?: boolean;
  json?: boolean;
  state?: string;
}

/** Adds `review DIR`: a page on loopback to look at series units and correct labels, and to watch a run. */
export function registerReview(program: Command): void {
  withStateOption(
    program
      .command('review')
      .summary('a local web page to look at and correct labels, or to watch a run')
      .description(
        'Serves a page on loopback and prints its address, which carries a token. What is decided there becomes rows\n' +
          'of manifest/reviews, and the resolved labels of the table series. Ctrl-C ends it.',
      )
      .argument('<dir>', 'output folder of a run, done or under way')
      .option('--reader <id>', 'who reads: a short id, not a name', parseReader, 'r1')
      .option('--adjudicate', 'settle what readers disagree on')
      .addOption(
        new Option('--port <number>', 'port on 127.0.0.1').argParser(parsePort).default(0, 'a free one'),
      )
      .option('--summary', 'serve nothing; print how far the review is and how readers agree')
      .option('--json', 'one JSON document on standard output: the address, or the summary'),
  ).action((folder: string, options: ReviewOptions) => runReview(folderOf(folder), options));
}

/** Decisions are rows that are added while they are made, and pictures are read at once: both want a folder. */
function folderOf(output: string): string {
  if (!isBucketLocation(output)) return path.resolve(output);
  throw new CliError(
    'A review wants a folder: copy the output to one (aws s3 sync), review it there, and copy its manifest/reviews back.',
    2,
  );
}

function parseReader(text: string): string {
  if (!READER_FORM.test(text))
    throw new InvalidArgumentError('up to 12 small letters and digits, a letter first; no name of a person');
  return text;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError('a port is wanted');
  return port;
}

async function runReview(folder: string, options: ReviewOptions): Promise<void> {
  const who: Reviewer = { reader: options.reader, role: options.adjudicate ? 'adjudicator' : 'reader' };
  if (options.summary) return printSummary(folder, options.json === true);
  readRunDocument(folder);
  const server = await startReviewServer({
    folder,
    who,
    port: options.port,
    inspect: inspectorOf(folder, options.state),
    readRun: () => readRunDocument(folder),
  }).catch(refuse);
  if (options.json) process.stdout.write(`${JSON.stringify({ url: server.url, ...who })}\n`);
  else {
    process.stdout.write(`${server.url}\n`);
    say(`Open this address in a browser on this machine. You read as ${who.reader}; Ctrl-C ends the review.`);
  }
  await untilStopped(server);
}

async function untilStopped(server: ReviewServer): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await server.close();
}

/** Asks after the run as `status` does, where this machine's state folder may know it. */
function inspectorOf(folder: string, state: string | undefined): () => Promise<RunInspection | null> {
  return async () => {
    const place = state ?? defaultStateLocation();
    const hasKey = process.env.SERIESWISE_KEY_FILE !== undefined;
    // Looking must not make a key.
    if (!hasKey && !fs.existsSync(path.join(place, 'project.key'))) return null;
    const opened = openState(place);
    const runKey = runKeyOf(opened, folder);
    return inspectRun(
      await RunFiles.open(opened, runKey),
      runKey,
      fs.existsSync(path.join(folder, 'run.json')),
    );
  };
}

async function printSummary(folder: string, json: boolean): Promise<void> {
  const run = requireRunDocument(folder);
  // Agreement is for those who settle: the page of a reader stays blind.
  const who: Reviewer = { reader: 'summary', role: 'adjudicator' };
  const queue = await ReviewQueue.open(folder, who, run.pipeline_digest).catch(refuse);
  try {
    const progress = await readProgress(queue);
    if (json) printJson(progress);
    else process.stdout.write(describeProgress(progress));
  } finally {
    await queue.close();
  }
}

function describeProgress({
  units,
  resolved,
  disputed,
  excluded,
  readers,
  agreement,
}: ProgressReply): string {
  const lines = [
    `${resolved} of ${units} series units reviewed, ${disputed} disputed, ${excluded} excluded`,
    renderTable(
      ['reader', 'role', 'decided', 'relabelled', 'excluded', 'seconds a unit'],
      readers.map((each) => [
        each.reader,
        each.role,
        each.decided,
        each.relabelled,
        each.excluded,
        each.medianSeconds?.toFixed(1) ?? '',
      ]),
    ),
  ];
  if (agreement.length > 0) {
    const share = (value: number | null) => value?.toFixed(3) ?? '';
    lines.push(
      renderTable(
        ['readers', 'task', 'units', 'agree', "Cohen's kappa", '95 % interval'],
        agreement.map((each) => [
          `${each.first}, ${each.second}`,
          each.task,
          each.units,
          share(each.observed),
          share(each.kappa),
          each.low === null ? '' : `${share(each.low)} to ${share(each.high)}`,
        ]),
      ),
    );
  }
  return `${lines.join('\n')}\n`;
}

function refuse(error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE' || code === 'EACCES')
    throw new CliError(`The port cannot be used (${code}); leave --port out for a free one.`, 3);
  throw error;
}
