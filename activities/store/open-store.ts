import os from 'node:os';
import { FileStore } from './file-store.ts';
import { isBucketLocation, normalizeLocation } from './locations.ts';
import type { S3Store } from './s3-store.ts';
import type { Store, StoredFile } from './store.ts';

/** The client of S3 is loaded when a location needs it. */
let s3: Promise<{ createS3Store(location: string): S3Store }> | null = null;

/**
 * The store at a location.
 * @param options.isPrivate files 0600 in folders 0700
 */
export async function openStore(location: string, options: { isPrivate?: boolean } = {}): Promise<Store> {
  return isBucketLocation(location) ? openBucket(location) : new FileStore(location, options);
}

/** The same of a place in a bucket, with what only buckets can do. */
export async function openBucket(location: string): Promise<S3Store> {
  s3 ??= import('./s3-store.ts');
  return (await s3).createS3Store(location);
}

/** An input: all files of a store, or one of them. */
export interface Input {
  store: Store;
  file: string | null;
}

/**
 * Opens a folder, a single file, a prefix or a single object, whether it is there (yet) or not.
 * @param location empty for a run over a PACS, which has no input
 */
export async function openInput(location: string): Promise<Input> {
  if (location === '') return { store: new FileStore(os.devNull), file: null };
  const normal = normalizeLocation(location);
  const cut = normal.lastIndexOf('/');
  // The slash behind `s3:/` separates no name from a bucket.
  if (cut > normal.indexOf('://') + 2 || !isBucketLocation(normal)) {
    const name = Buffer.from(normal.slice(cut + 1)).toString('latin1');
    const store = await openStore(normal.slice(0, cut) || '/');
    if (name !== '' && (await store.stat(name)) !== null) return { store, file: name };
  }
  return { store: await openStore(normal), file: null };
}

/** Every file of an input; null for what is skipped. */
export async function* listInput({ store, file }: Input): AsyncGenerator<StoredFile | null> {
  if (file === null) yield* store.list('');
  else yield await store.stat(file);
}
