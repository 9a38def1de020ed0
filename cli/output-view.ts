/** An output as a folder to read from: itself, or of one in a bucket a copy of what a command needs. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { StageFailure } from '../activities/failures.ts';
import { isBucketLocation, normalizeLocation } from '../activities/store/locations.ts';
import { openStore } from '../activities/store/open-store.ts';
import { WORK_FOLDER } from '../activities/store/run-files.ts';
import type { Store } from '../activities/store/store.ts';
import { workAhead } from '../activities/store/work-ahead.ts';
import { CliError } from './exit.ts';

/** What a command needs of an output; each has what those before it have. */
export type OutputExtent = 'document' | 'tables' | 'pictures' | 'whole';

const FOLDERS: Record<OutputExtent, readonly string[]> = {
  document: [],
  tables: ['manifest'],
  pictures: ['manifest', 'thumbnails'],
  whole: [''],
};

export interface OutputView {
  folder: string;
  /** Brings back a file that was written into the folder. */
  keep(name: string): Promise<void>;
}

/**
 * @param location a folder or `s3://BUCKET/PREFIX`
 * @throws CliError 3 when the bucket cannot be read
 */
export async function withOutputView<Result>(
  location: string,
  extent: OutputExtent,
  read: (view: OutputView) => Promise<Result>,
): Promise<Result> {
  if (!isBucketLocation(location)) return read({ folder: path.resolve(location), keep: async () => {} });
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-view-'));
  try {
    const store = await openStoreOrExit(location);
    await copyTo(folder, store, extent);
    const keep = (name: string) => store.write(name, fs.readFileSync(path.join(folder, name)));
    return await read({ folder, keep });
  } catch (error) {
    if (error instanceof StageFailure) throw new CliError(error.message, 3);
    throw error;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** @throws CliError 2 for a location that is none */
export async function openStoreOrExit(location: string): Promise<Store> {
  try {
    return await openStore(normalizeLocation(location));
  } catch (error) {
    if (error instanceof StageFailure) throw new CliError(error.message, 2);
    throw error;
  }
}

async function copyTo(folder: string, store: Store, extent: OutputExtent): Promise<void> {
  const copy = async (name: string) => {
    const bytes = await store.read(name);
    if (bytes === null) return;
    const target = path.join(folder, ...partsOf(name));
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, bytes);
  };
  await copy('run.json');
  for await (const _any of store.list(WORK_FOLDER)) {
    fs.mkdirSync(path.join(folder, WORK_FOLDER));
    break;
  }
  for (const below of FOLDERS[extent]) {
    const names = (async function* () {
      for await (const file of store.list(below)) if (file !== null) yield file.name;
    })();
    for await (const _done of workAhead(names, store.parallel, copy));
  }
}

/** Keys of a bucket may hold anything. @throws CliError 1 for one that would lead out of the folder */
function partsOf(name: string): string[] {
  const parts = name.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\\')))
    throw new CliError('The output holds an object whose name is no path.', 1);
  return parts;
}
