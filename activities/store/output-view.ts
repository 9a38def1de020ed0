/** An output as a folder to read from: itself, or of one in a bucket a copy of what a reader needs. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { StageFailure } from '../failures.ts';
import { isBucketLocation, normalizeLocation } from './locations.ts';
import { openStore } from './open-store.ts';
import { WORK_FOLDER } from './run-files.ts';
import type { Store } from './store.ts';
import { workAhead } from './work-ahead.ts';

/** What a reader needs of an output; each has what those before it have. */
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
  /** Removes the copy, if it is one. */
  close(): void;
}

/**
 * @param location a folder or `s3://BUCKET/PREFIX`
 * @throws StageFailure `location-invalid`, `object-name-invalid`, or that of the store
 */
export async function openOutputView(location: string, extent: OutputExtent): Promise<OutputView> {
  if (!isBucketLocation(location))
    return { folder: path.resolve(location), keep: async () => {}, close: () => {} };
  const store = await openStore(normalizeLocation(location));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-view-'));
  const close = () => fs.rmSync(folder, { recursive: true, force: true });
  try {
    await copyTo(folder, store, extent);
  } catch (error) {
    close();
    throw error;
  }
  const keep = (name: string) => store.write(name, fs.readFileSync(path.join(folder, name)));
  return { folder, keep, close };
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

/** Keys of a bucket may hold anything; none may lead out of the folder. */
function partsOf(name: string): string[] {
  const parts = name.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\\'))) {
    const message = 'The output holds an object whose name is no path.';
    throw new StageFailure('object-name-invalid', 'permanent', message);
  }
  return parts;
}
