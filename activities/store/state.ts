import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { StageFailure } from '../failures.ts';
import { isBucketLocation, normalizeLocation } from './locations.ts';

/** The private side of Serieswise: the project key and what runs must remember. */
export interface State {
  /** Of this machine. */
  folder: string;
  /** Where runs keep what they must remember: the folder, or `s3://BUCKET/PREFIX`. */
  location: string;
  /** 32 bytes. Everything pseudonymous follows from it. */
  key: Buffer;
}

const homeFolder = () => path.join(os.homedir(), '.local/state/serieswise');

/** `SERIESWISE_STATE`, else `~/.local/state/serieswise`. */
export function defaultStateLocation(): string {
  return process.env.SERIESWISE_STATE ?? homeFolder();
}

/**
 * Opens the state, and makes its folder and the project key at first use (folder 0700, key 0600).
 * The key comes from `SERIESWISE_KEY_FILE` when that is set; with a state on S3 it must be, and what belongs to this
 * machine lies in the usual folder.
 * @throws StageFailure `key-unusable` or `state-unusable`
 */
export function openState(where: string): State {
  const location = normalizeLocation(where);
  const folder = isBucketLocation(location) ? homeFolder() : location;
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
  if (isBucketLocation(location) && process.env.SERIESWISE_KEY_FILE === undefined) {
    throw keyUnusable(
      'The project key',
      'does not lie in a bucket: with a state on S3 set SERIESWISE_KEY_FILE',
    );
  }
  return { folder, location, key: readKey(folder) };
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
