/**
 * Where a run keeps its files. The private side lies in the state folder (`runs/RUN/`), the public side is the
 * output folder; until a batch is published its de-identified files wait in a hidden folder of the output, so that
 * publishing is a rename on one file system.
 */
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { StageFailure } from '../failures.ts';
import { readIfExists, writeFileAtomic } from './atomic.ts';
import { createSealer, type Sealer } from './sealed.ts';
import type { State } from './state.ts';

/** What only the machine that runs it may know of a run. */
export interface RunSettings {
  inputPath: string;
  outputFolder: string;
  /** Absolute path of the model bundle. */
  bundleFolder: string;
  /** The inbox that the run reads, by name. */
  inbox?: string;
}

/** Name of the hidden folder in the output that holds what is not published yet. */
export const WORK_FOLDER = '.serieswise';

/** The run that belongs to an output folder: 16 hexadecimal digits, the same for the same key and folder. */
export function runKeyOf(state: State, outputFolder: string): string {
  return createHmac('sha256', state.key)
    .update('run\0')
    .update(path.resolve(outputFolder))
    .digest('hex')
    .slice(0, 16);
}

const pad = (index: number) => String(index).padStart(6, '0');

/** Names every file of one run and reads and writes the private ones. */
export class RunFiles {
  readonly folder: string;
  readonly sealer: Sealer;
  private cachedSettings: RunSettings | null = null;

  constructor(state: State, runKey: string) {
    if (!/^[0-9a-f]{16}$/.test(runKey))
      throw new StageFailure('run-unknown', 'permanent', 'Not the key of a run.');
    this.folder = path.join(state.folder, 'runs', runKey);
    this.sealer = createSealer(state.key);
  }

  /** @throws StageFailure `run-unknown` when this state folder has no such run */
  get settings(): RunSettings {
    this.cachedSettings ??= this.readSealed<RunSettings>('settings.sealed');
    if (this.cachedSettings === null) {
      throw new StageFailure('run-unknown', 'permanent', 'The state folder does not know this run.');
    }
    return this.cachedSettings;
  }

  writeSettings(settings: RunSettings): void {
    fs.mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    this.writeSealed('settings.sealed', settings);
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

  path(name: string): string {
    return path.join(this.folder, name);
  }

  readSealed<T>(name: string): T | null {
    const sealed = readIfExists(this.path(name));
    return sealed === null ? null : (JSON.parse(this.sealer.open(sealed).toString('utf8')) as T);
  }

  writeSealed(name: string, value: unknown): void {
    this.write(name, this.sealer.seal(Buffer.from(JSON.stringify(value))));
  }

  readJson<T>(name: string): T | null {
    const text = readIfExists(this.path(name));
    return text === null ? null : (JSON.parse(text.toString('utf8')) as T);
  }

  writeJson(name: string, value: unknown): void {
    this.write(name, Buffer.from(JSON.stringify(value)));
  }

  /** Private files are kept from the end of a process; only published files are flushed to the disk. */
  private write(name: string, bytes: Uint8Array): void {
    const file = this.path(name);
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    writeFileAtomic(file, bytes, { mode: 0o600, flush: false });
  }

  /** De-identified instance before publication. */
  stagedInstance(sourceKey: string): string {
    return path.join(
      this.settings.outputFolder,
      WORK_FOLDER,
      'instances',
      sourceKey.slice(0, 2),
      `${sourceKey}.dcm`,
    );
  }

  stagedTensor(seriesUnit: string): string {
    return path.join(this.settings.outputFolder, WORK_FOLDER, 'tensors', `${seriesUnit}.npy`);
  }

  stagedThumbnail(seriesUnit: string): string {
    return path.join(this.settings.outputFolder, WORK_FOLDER, 'thumbnails', `${seriesUnit}.png`);
  }

  /** Path of a published file; `relative` has forward slashes. */
  published(relative: string): string {
    return path.join(this.settings.outputFolder, ...relative.split('/'));
  }
}
