import path from 'node:path';
import type { Command } from 'commander';
import { StageFailure } from '../../activities/failures.ts';
import { tlsFiles } from '../../activities/sources/credentials.ts';
import { fileMetaOf } from '../../activities/sources/dimse.ts';
import { InboxWriter, inboxFolder } from '../../activities/store/inbox.ts';
import { type Receiver, startReceiver } from '../../dimse/receiver.ts';
import { createPseudonymizer } from '../../stages/deidentify/pseudonyms.ts';
import { type RunLock, takeRunLock } from '../../workers/run-lock.ts';
import { CliError } from '../exit.ts';
import { openStateOrExit, printJson, say, withStateOption } from '../settings.ts';

interface ReceiveOptions {
  inbox: string;
  host: string;
  port: string;
  aeTitle: string;
  from: string[];
  peer: string[];
  tls?: boolean;
  maxInstanceMb: string;
  maxAssociations: string;
  idle: string;
  flush?: boolean;
  state?: string;
  json?: boolean;
}

const REPORT_MS = 5_000;

export function registerReceive(program: Command): void {
  const collect = (value: string, values: string[]) => [...values, value];
  withStateOption(
    program
      .command('receive')
      .summary('take in what a PACS or a scanner sends (C-STORE), into the private state')
      .description(
        'Answers C-ECHO and C-STORE until it is stopped. What comes is kept to the byte, sealed, in an inbox of the state\n' +
          'folder; a pipeline with source.type inbox takes its complete studies from there. The address is that of this\n' +
          'machine alone unless --host says otherwise.',
      )
      .option('--inbox <name>', 'where it goes', 'default')
      .option('--host <address>', 'address to listen on; 0.0.0.0 for every network', '127.0.0.1')
      .option('--port <n>', 'port; 0 for any free one', '11112')
      .option('--ae-title <title>', 'our AE title; calls of another one are rejected', 'SERIESWISE')
      .option('--from <title>', 'calling AE title that may send (repeatable; default: all)', collect, [])
      .option('--peer <address>', 'address that may connect (repeatable; default: all)', collect, [])
      .option(
        '--tls',
        'TLS with SERIESWISE_RECEIVE_CERT_FILE, _KEY_FILE and, to ask for certificates, _CA_FILE',
      )
      .option('--max-instance-mb <n>', 'larger instances are refused', '2047')
      .option('--max-associations <n>', 'associations at once', '32')
      .option('--idle <seconds>', 'an association on which nothing comes for so long is ended', '60')
      .option('--flush', 'answer only once an instance would survive a loss of power too; slower')
      .option('--json', 'print one JSON document at the end'),
  ).action(receive);
}

async function receive(options: ReceiveOptions): Promise<void> {
  const number = (text: string, name: string, least: number, most: number) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most)
      throw new CliError(`--${name} ${text} is not a whole number from ${least} to ${most}.`, 2);
    return value;
  };
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(options.inbox) || options.inbox.length > 64)
    throw new CliError('--inbox is a name of lower-case words joined by hyphens.', 2);
  const port = number(options.port, 'port', 0, 65_535);
  const maxBytes = number(options.maxInstanceMb, 'max-instance-mb', 1, 2047) * 2 ** 20;
  const maxAssociations = number(options.maxAssociations, 'max-associations', 1, 1000);
  const idleMs = number(options.idle, 'idle', 1, 86_400) * 1000;
  const state = openStateOrExit(options.state);
  const tls = options.tls === true ? receiverTls() : null;
  const lock = takeInboxLock(inboxFolder(state.folder, options.inbox));
  const counts = { instances: 0, bytes: 0, refused: 0, problems: {} as Record<string, number> };
  const inbox = new InboxWriter(state, {
    name: options.inbox,
    pseudonymizer: createPseudonymizer(state.key),
    maxBytes,
    flush: options.flush === true,
  });
  try {
    const receiver = await startReceiver({
      host: options.host,
      port,
      aeTitle: options.aeTitle,
      callingAeTitles: options.from.length === 0 ? null : options.from,
      peers: options.peer.length === 0 ? null : options.peer,
      tls,
      maxAssociations,
      idleMs,
      openInstance(instance) {
        const writer = inbox.open(instance.sopInstanceUid);
        writer.write(fileMetaOf(instance));
        return {
          write: (chunk) => writer.write(chunk),
          abort: () => writer.abort(),
          end() {
            const taken = writer.end();
            if (taken === 'too-large') {
              counts.refused += 1;
              return 'refused';
            }
            counts.instances += 1;
            counts.bytes += taken.bytes;
            return 'kept';
          },
        };
      },
      onProblem(code) {
        counts.problems[code] = (counts.problems[code] ?? 0) + 1;
      },
    }).catch((error: NodeJS.ErrnoException) => {
      throw new CliError(
        `Port ${port} of ${options.host} cannot be listened on (${error.code ?? 'error'}).`,
        3,
      );
    });
    say(`Listening on ${options.host}:${receiver.port} as ${options.aeTitle}. Stop with Ctrl-C.`);
    await untilStopped(receiver, counts);
    if (options.json) printJson(counts);
  } finally {
    lock.release();
  }
}

/** Lets associations that are under way end within a few seconds. */
async function untilStopped(receiver: Receiver, counts: { instances: number }): Promise<void> {
  let told = 0;
  const timer = setInterval(() => {
    if (counts.instances === told) return;
    told = counts.instances;
    say(`${told} instances taken in, ${receiver.associations()} associations open`);
  }, REPORT_MS);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  clearInterval(timer);
  await receiver.close(3_000);
  say(`${counts.instances} instances taken in.`);
}

function receiverTls(): Parameters<typeof startReceiver>[0]['tls'] {
  try {
    const { cert, key, ca, passphrase } = tlsFiles('SERIESWISE_RECEIVE');
    if (cert === null || key === null)
      throw new CliError('--tls needs SERIESWISE_RECEIVE_CERT_FILE and SERIESWISE_RECEIVE_KEY_FILE.', 3);
    return { cert, key, ca, passphrase };
  } catch (error) {
    if (error instanceof StageFailure) throw new CliError(error.message, 3);
    throw error;
  }
}

function takeInboxLock(folder: string): RunLock {
  try {
    return takeRunLock({ localFolder: folder, localPath: (name: string) => path.join(folder, name) });
  } catch (error) {
    if (error instanceof StageFailure)
      throw new CliError('Another receiver writes to this inbox; name another one with --inbox.', 3);
    throw error;
  }
}
