/**
 * Where a run keeps its files. The private side lies in the state (`runs/RUN/`, in a folder or a bucket), the public
 * side is the output; until a batch is published its de-identified files wait below a hidden name of the output, so
 * that publishing is a rename within one store.
 */
import { createHmac } from 'node:crypto';
import path from 'node:path';
import { StageFailure } from '../failures.ts';
import { isBucketLocation, normalizeLocation } from './locations.ts';
import { openStore } from './open-store.ts';
import { createSealer, type Sealer } from './sealed.ts';
import type { State } from './state.ts';
import type { Store } from './store.ts';

/** What only who has the state may know of a run. Locations are paths or `s3://BUCKET/PREFIX`. */
export interface RunSettings {
  input: string;
  output: string;
  /** Absolute path of the model bundle where the run was started. */
  bundleFolder: string;
  /** Code of the pipeline's plugins, by its SHA-256. */
  plugins?: Readonly<Record<string, string>>;
  /** The inbox that the run reads, by name. */
  inbox?: string;
}

/** Name of the hidden folder in the output that holds what is not published yet. */
export const WORK_FOLDER = '.serieswise';

/** Tells that a run was begun in an output that has no run.json yet. */
export const BEGUN = `${WORK_FOLDER}/begun`;

/** The run that belongs to an output: 16 hexadecimal digits, the same for the same key and location. */
export function runKeyOf(state: State, output: string): string {
  return createHmac('sha256', state.key)
    .update('run\0')
    .update(normalizeLocation(output))
    .digest('hex')
    .slice(0, 16);
}

const pad = (index: number) => String(index).padStart(6, '0');

/** Names every file of one run and reads and writes the private ones. */
export class RunFiles {
  /** Private files by name. */
  readonly store: Store;
  /** What belongs to this machine: locks, the embedded server, and the private files where they lie in a folder. */
  readonly localFolder: string;
  /** Whether the private files lie in `localFolder`. */
  readonly isLocal: boolean;
  readonly sealer: Sealer;
  private cachedSettings: RunSettings | null = null;

  private constructor(store: Store, localFolder: string, isLocal: boolean, sealer: Sealer) {
    this.isLocal = isLocal;
    this.store = store;
    this.localFolder = localFolder;
    this.sealer = sealer;
  }

  /** Nothing is made: a run that is not known has no files yet. */
  static async open(state: State, runKey: string): Promise<RunFiles> {
    if (!/^[0-9a-f]{16}$/.test(runKey))
      throw new StageFailure('run-unknown', 'permanent', 'Not the key of a run.');
    const localFolder = path.join(state.folder, 'runs', runKey);
    const isLocal = !isBucketLocation(state.location);
    const location = isLocal ? localFolder : `${state.location}/runs/${runKey}`;
    const store = await openStore(location, { isPrivate: true });
    return new RunFiles(store, localFolder, isLocal, createSealer(state.key));
  }

  /** @throws StageFailure `run-unknown` when this state has no such run */
  async readSettings(): Promise<RunSettings> {
    this.cachedSettings ??= await this.readSealed<RunSettings>('settings.sealed');
    if (this.cachedSettings === null) {
      throw new StageFailure('run-unknown', 'permanent', 'The state does not know this run.');
    }
    return this.cachedSettings;
  }

  async writeSettings(settings: RunSettings): Promise<void> {
    await this.writeSealed('settings.sealed', settings);
    this.cachedSettings = settings;
  }

  readonly names = {
    listing: (shard: number) => `listing/${pad(shard)}.sealed`,
    headers: (shard: number) => `headers/${pad(shard)}.sealed`,
    batch: (batch: number) => `batches/${pad(batch)}`,
    entries: (batch: number) => `batches/${pad(batch)}/entries.sealed`,
    times: (batch: number) => `batches/${pad(batch)}/times.sealed`,
    instances: (batch: number) => `batches/${pad(batch)}/instances.json`,
    groups: (batch: number) => `batches/${pad(batch)}/groups.json`,
    rows: (batch: number) => `batches/${pad(batch)}/rows.json`,
    unit: (seriesUnit: string) => `units/${seriesUnit.slice(2, 4)}/${seriesUnit}.json`,
    spool: (sourceKey: string) => `spool/${sourceKey}.sealed`,
    retrievalPlan: 'retrieval.sealed',
    retrieval: (requestKey: string) => `retrievals/${requestKey.slice(0, 2)}/${requestKey}.sealed`,
    retrieved: (sourceKey: string) => `retrieved/${sourceKey.slice(0, 2)}/${sourceKey}.sealed`,
  };

  /** Path of a file of this machine. */
  localPath(name: string): string {
    return path.join(this.localFolder, name);
  }

  async readSealed<T>(name: string): Promise<T | null> {
    const sealed = await this.store.read(name);
    return sealed === null ? null : (JSON.parse(this.sealer.open(sealed).toString('utf8')) as T);
  }

  async writeSealed(name: string, value: unknown): Promise<void> {
    await this.write(name, this.sealer.seal(Buffer.from(JSON.stringify(value))));
  }

  async readJson<T>(name: string): Promise<T | null> {
    const text = await this.store.read(name);
    return text === null ? null : (JSON.parse(text.toString('utf8')) as T);
  }

  async writeJson(name: string, value: unknown): Promise<void> {
    await this.write(name, Buffer.from(JSON.stringify(value)));
  }

  /** Private files are kept from the end of a process; only published files are flushed to the disk. */
  async write(name: string, bytes: Uint8Array): Promise<void> {
    await this.store.write(name, bytes, { flush: false });
  }

  /** Numbers of the batches that have files. */
  async listBatches(): Promise<number[]> {
    const found = new Set<number>();
    for await (const file of this.store.list('batches')) {
      if (file !== null) found.add(Number(file.name.split('/')[1]));
    }
    return [...found];
  }
}

/** Names of the output that hold what is not published yet. */
export const stagedNames = {
  instance: (sourceKey: string) => `${WORK_FOLDER}/instances/${sourceKey.slice(0, 2)}/${sourceKey}.dcm`,
  tensor: (seriesUnit: string) => `${WORK_FOLDER}/tensors/${seriesUnit}.npy`,
  thumbnail: (seriesUnit: string) => `${WORK_FOLDER}/thumbnails/${seriesUnit}.png`,
};
