import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { StageFailure } from '../failures.ts';

/** The private side of Serieswise on one machine: the project key and what runs must remember. */
export interface State {
  folder: string;
  /** 32 bytes. Everything pseudonymous follows from it. */
  key: Buffer;
}

/** `SERIESWISE_STATE`, else `~/.local/state/serieswise`. */
export function defaultStateFolder(): string {
  return process.env.SERIESWISE_STATE ?? path.join(os.homedir(), '.local/state/serieswise');
}

/**
 * Opens the state folder, and makes it and the project key at first use (folder 0700, key 0600).
 * The key comes from `SERIESWISE_KEY_FILE` when that is set.
 * @throws StageFailure `key-unusable` or `state-unusable`
 */
export function openState(folder: string): State {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    if ((fs.statSync(folder).mode & 0o077) !== 0) fs.chmodSync(folder, 0o700);
    fs.accessSync(folder, fs.constants.W_OK);
  } catch {
    throw new StageFailure(
      'state-unusable',
      'environment',
      'The state folder cannot be made or written; name another one with --state or SERIESWISE_STATE.',
    );
  }
  return { folder, key: readKey(folder) };
}

function readKey(folder: string): Buffer {
  const given = process.env.SERIESWISE_KEY_FILE;
  const file = given ?? path.join(folder, 'project.key');
  if (given === undefined && !fs.existsSync(file)) createKey(file);
  return readKeyFile(
    file,
    given === undefined ? 'The project key of the state folder' : 'The file of SERIESWISE_KEY_FILE',
  );
}

/**
 * Reads a key of 32 bytes, written as 64 hexadecimal digits.
 * @param subject what the file is, for messages: never its path
 * @throws StageFailure `key-unusable`
 */
export function readKeyFile(file: string, subject: string): Buffer {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8').trim();
  } catch {
    throw keyUnusable(subject, 'cannot be read');
  }
  if (!/^[0-9a-f]{64}$/i.test(text))
    throw keyUnusable(subject, 'does not hold 64 hexadecimal digits (make one with: openssl rand -hex 32)');
  return Buffer.from(text, 'hex');
}

/** Made beside and linked, so that of two processes that start at once both end up with the same key. */
function createKey(file: string): void {
  const temporary = `${file}.tmp-${randomBytes(6).toString('hex')}`;
  try {
    fs.writeFileSync(temporary, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flush: true });
    fs.linkSync(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

function keyUnusable(subject: string, problem: string): StageFailure {
  return new StageFailure('key-unusable', 'environment', `${subject} ${problem}.`);
}
