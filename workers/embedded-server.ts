/** A private Temporal dev server for one run: loopback only, its database in the state folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StageFailure } from '../activities/failures.ts';
import { readIfExists, writeFileAtomic } from '../activities/store/atomic.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/contracts.ts';
import { availableCores } from './machine.ts';

export interface EmbeddedServer {
  address: string;
  stop(): Promise<void>;
}

export interface EmbeddedServerOptions {
  executable: string;
  /** Folder of the run in the state folder: database, log and address lie there. */
  folder: string;
}

/**
 * The server hangs on a pipe of this process: whatever ends this process, the pipe closes and the server is told to
 * stop. So no kill leaves a server behind that would hold the database.
 */
const WATCHDOG = [
  'umask 077',
  '"$@" </dev/null &',
  'server=$!',
  'trap "kill $server" TERM INT',
  '(read -r _ <&3; kill $server) &',
  'watch=$!',
  'wait $server; code=$?',
  'kill $watch; wait $server; exit $code',
].join('\n');

/**
 * One client and one worker: a single partition of each task queue saves the traffic between partitions. A write-ahead
 * log that waits for the disk at checkpoints alone stays whole whatever happens (SQLite, PRAGMA synchronous);
 * a power cut may cost the last steps, which the run then repeats.
 */
const TUNING = [
  '--sqlite-pragma=journal_mode=wal',
  '--sqlite-pragma=synchronous=normal',
  '--dynamic-config-value=matching.numTaskqueueReadPartitions=1',
  '--dynamic-config-value=matching.numTaskqueueWritePartitions=1',
  // Finished batches stay in the cache for an hour otherwise, however many there are.
  '--dynamic-config-value=history.hostLevelCacheMaxSize=128',
];

/** The server's Go runtime: rarer collections within a bound of memory, and few threads that look for work. */
function tunedEnvironment(): NodeJS.ProcessEnv {
  const threads = Math.max(1, Math.floor(availableCores() / 4));
  return { GOGC: '400', GOMEMLIMIT: '400MiB', GOMAXPROCS: String(threads) };
}

/**
 * Starts the server and waits until it answers. Should it end by itself, it is started again on the same port, and the
 * run goes on.
 * @throws StageFailure `server-failed`
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const { folder } = options;
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const database = path.join(folder, 'temporal.db');
  await waitForOldServer(folder);
  removeHalfMade(database);
  let stopping = false;
  let child: ChildProcess | null = null;
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const pagePort = process.env.SERIESWISE_TEMPORAL_UI ? await freePort() : null;
  let restarts = 0;

  const launch = () => {
    const log = fs.openSync(path.join(folder, 'server.log'), 'w', 0o600);
    const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port)];
    args.push(
      ...(pagePort === null ? ['--headless'] : ['--ui-ip', '127.0.0.1', '--ui-port', String(pagePort)]),
    );
    args.push(
      '--db-filename',
      database,
      '--log-level',
      'error',
      '--disable-config-file',
      '--disable-config-env',
      ...TUNING,
    );
    for (const [name, type] of Object.entries(SEARCH_ATTRIBUTES))
      args.push('--search-attribute', `${name}=${type}`);
    child = spawn('sh', ['-c', WATCHDOG, 'sh', options.executable, ...args], {
      env: { ...tunedEnvironment(), ...process.env },
      stdio: ['ignore', log, log, 'pipe'],
      // A group of its own: Ctrl-C of the terminal reaches the run first, which then stops the server.
      detached: true,
    });
    fs.closeSync(log);
    if (child.pid !== undefined)
      fs.writeFileSync(path.join(folder, 'server.pid'), `${child.pid}`, { mode: 0o600 });
    child.once('exit', restart);
  };

  const restart = () => {
    if (stopping || restarts >= 50) return;
    restarts += 1;
    setTimeout(() => {
      if (stopping) return;
      try {
        removeHalfMade(database);
        launch();
      } catch {
        // A full disk or no descriptor left: nothing can be thrown out of a timer, so once more.
        restart();
      }
    }, 500);
  };

  try {
    launch();
    if (!(await answers(port, 20_000))) {
      // A database that the server cannot read. What a run has done lies in its files, so a new one costs some repeated
      // steps and nothing else.
      removeDatabase(database);
      if (!(await answers(port, 30_000))) {
        const message = "The Temporal dev server does not start; see server.log in the run's state folder.";
        throw new StageFailure('server-failed', 'environment', message);
      }
    }
    fs.writeFileSync(completionMarkOf(database), '', { mode: 0o600 });
    const page = pagePort === null ? {} : { page: `http://127.0.0.1:${pagePort}` };
    writeFileAtomic(
      path.join(folder, 'server.json'),
      JSON.stringify({ address, pid: process.pid, ...page }),
      {
        mode: 0o600,
        flush: false,
      },
    );
  } catch (error) {
    // A file beside the server could not be written, say: nobody would stop the server, and the process would wait for it.
    stopping = true;
    endServer(child);
    throw error;
  }
  return {
    address,
    async stop() {
      stopping = true;
      fs.rmSync(path.join(folder, 'server.json'), { force: true });
      const running = child;
      if (running === null || running.exitCode !== null) return;
      const ended = new Promise((resolve) => running.once('exit', resolve));
      endServer(running);
      // A timer that counted would hold the process back for all of its time.
      await Promise.race([ended, sleep(10_000, undefined, { ref: false })]);
      fs.rmSync(path.join(folder, 'server.pid'), { force: true });
    },
  };
}

/** Address of the server of a run that is under way in another process, or null. */
export function readServerAddress(folder: string, alive = true): string | null {
  return readServerFile(folder, alive)?.address ?? null;
}

/** Address of Temporal's own page, which that server serves with `SERIESWISE_TEMPORAL_UI` set; or null. */
export function readServerPage(folder: string): string | null {
  return readServerFile(folder, true)?.page ?? null;
}

function readServerFile(folder: string, alive: boolean): { address: string; page?: string } | null {
  try {
    const server = JSON.parse(fs.readFileSync(path.join(folder, 'server.json'), 'utf8'));
    if (alive) process.kill(server.pid, 0);
    return server;
  } catch {
    return null;
  }
}

/** Right after a kill the old server may still be closing its database: wait until it is gone. */
async function waitForOldServer(folder: string): Promise<void> {
  const port = Number(readServerAddress(folder, false)?.split(':')[1]);
  const pid = Number(readIfExists(path.join(folder, 'server.pid')) ?? 0);
  const isThere = async () => (pid > 0 && isServerOf(folder, pid)) || (port > 0 && (await connects(port)));
  for (let waited = 0; waited < 10_000 && (await isThere()); waited += 200) await sleep(200);
}

/** Whether a process is the one that watches the server of this folder; a process id may have been given again. */
function isServerOf(folder: string, pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder);
  } catch {
    return false;
  }
}

/** A kill while the server made its tables leaves a database that no server can use. One that ever served is marked. */
function removeHalfMade(database: string): void {
  if (!fs.existsSync(completionMarkOf(database))) removeDatabase(database);
}

const completionMarkOf = (database: string) => `${database}.complete`;

function removeDatabase(database: string): void {
  for (const suffix of ['.complete', '', '-shm', '-wal', '-journal'])
    fs.rmSync(`${database}${suffix}`, { force: true });
}

/**
 * Closes the pipe, at which the watchdog ends the server. A signal could come before the watchdog's shell has its trap:
 * the shell would be gone, and what it started would wait for this process as this process waits for the pipe.
 */
function endServer(child: ChildProcess | null): void {
  child?.stdio[3]?.destroy();
}

async function answers(port: number, timeoutMs: number): Promise<boolean> {
  for (let waited = 0; waited < timeoutMs; waited += 100) {
    if (await connects(port)) return true;
    await sleep(100);
  }
  return false;
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
