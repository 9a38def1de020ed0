/** The de-identified instances of a batch: remembered records, and their files wherever they are now. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { digestOf } from '../pipelines/digest.ts';
import type { Pipeline } from '../pipelines/schema.ts';
import { deidentifyInstance } from '../stages/deidentify/deidentify-instance.ts';
import { describeUnreadable } from '../stages/deidentify/describe-unreadable.ts';
import type { FrameTimes } from '../stages/deidentify/read-times.ts';
import { instanceOutputPath } from '../stages/publish/output-paths.ts';
import type { InstanceRecord, SourceEntry } from '../stages/records.ts';
import type { StageContext } from './context.ts';
import { StageFailure } from './failures.ts';
import { stagedNames } from './store/run-files.ts';
import type { SourceReader } from './store/sources.ts';
import type { Store } from './store/store.ts';
import { STEP_VERSIONS } from './versions.ts';

/** A record and the stamp of what it was made from; equal stamps make it good again. */
export interface StoredInstance {
  stamp: string;
  record: InstanceRecord;
}

const methods = new WeakMap<Pipeline, string>();

/** Changes whenever the way of de-identifying does. */
function methodOf(pipeline: Pipeline): string {
  const known = methods.get(pipeline);
  if (known !== undefined) return known;
  // What becomes of faces is decided by units, later.
  const { faces: _faces, ...deidentify } = pipeline.deidentify;
  const method = digestOf({ deidentify, version: STEP_VERSIONS.deidentify }).slice(0, 16);
  methods.set(pipeline, method);
  return method;
}

/** Changes whenever a source file (by size, time and tag) or the way of de-identifying changes. */
export function stampOf({ pipeline }: StageContext, entry: SourceEntry): string {
  const { bytes, mtimeMs, tag, problem } = entry;
  const version = tag === undefined ? `${bytes}:${mtimeMs}` : `${bytes}:${mtimeMs}:${tag}`;
  return `${version}:${problem ?? ''}:${methodOf(pipeline)}`;
}

/** Reads and de-identifies one source file, and stages the result. Bad data is a record, never an error. */
export async function deidentifyEntry(
  context: StageContext,
  reader: SourceReader,
  entry: SourceEntry,
): Promise<StoredInstance & { times: FrameTimes[] }> {
  const { profile, pseudonymizer } = context;
  const stamp = stampOf(context, entry);
  const bytes = await reader.read(entry);
  if (typeof bytes === 'string')
    return { stamp, record: describeUnreadable(entry.sourceKey, entry.bytes, bytes), times: [] };
  const { record, output, times } = deidentifyInstance(bytes, {
    profile,
    pseudonymizer,
    sourceKey: entry.sourceKey,
  });
  if (output !== null)
    await context.output.write(stagedNames.instance(entry.sourceKey), output, { flush: false });
  return { stamp, record, times };
}

/** Path of the de-identified file of a record where it was published. */
function publishedPathOf(record: InstanceRecord): string | null {
  const { patientId, studyInstanceUid, seriesInstanceUid, sopInstanceUid, outputSha256 } = record;
  if (outputSha256 === null || !patientId || !studyInstanceUid || !seriesInstanceUid || !sopInstanceUid)
    return null;
  return instanceOutputPath({ patientId, studyInstanceUid, seriesInstanceUid, sopInstanceUid });
}

/** Finds de-identified files of one batch: published, staged, or made again from the source. */
export class InstanceFiles {
  private readonly context: StageContext;
  private readonly reader: SourceReader;
  private readonly batch: number;
  private entries: Map<string, SourceEntry> | null = null;
  private scratch: string | null = null;

  constructor(context: StageContext, batch: number, reader: SourceReader) {
    this.context = context;
    this.batch = batch;
    this.reader = reader;
  }

  /** @returns name of the staged file, or of the published one when there is no staged one */
  async locate(record: InstanceRecord): Promise<string> {
    const { output } = this.context;
    const staged = stagedNames.instance(record.sourceKey);
    if (await hasSize(output, staged, record.outputBytes)) return staged;
    const published = publishedPathOf(record);
    if (published !== null && (await hasSize(output, published, record.outputBytes))) return published;
    const entry = await this.entryOf(record.sourceKey);
    const { record: made } = await deidentifyEntry(this.context, this.reader, entry);
    if (made.outputSha256 !== record.outputSha256) {
      throw new StageFailure(
        'source-changed',
        'transient',
        'A source file changed while the run was under way.',
      );
    }
    return staged;
  }

  /** Path of a local file with the bytes, until `forget` is called. */
  async open(record: InstanceRecord): Promise<string> {
    const name = await this.locate(record);
    return this.context.output.localFile(name, () => {
      this.scratch ??= fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-slices-'));
      return this.scratch;
    });
  }

  /** Removes the local copies. */
  forget(): void {
    if (this.scratch !== null) fs.rmSync(this.scratch, { recursive: true, force: true });
    this.scratch = null;
  }

  private async entryOf(sourceKey: string): Promise<SourceEntry> {
    const { files } = this.context;
    if (this.entries === null) {
      const entries = (await files.readSealed<SourceEntry[]>(files.names.entries(this.batch))) ?? [];
      this.entries = new Map(entries.map((entry) => [entry.sourceKey, entry]));
    }
    const entry = this.entries.get(sourceKey);
    if (entry === undefined)
      throw new StageFailure('listing-missing', 'transient', 'An entry of the batch is missing.');
    return entry;
  }
}

/** Whether a regular file of that many bytes is there. */
export async function hasSize(store: Store, name: string, bytes: number | null): Promise<boolean> {
  return (await store.stat(name))?.bytes === bytes;
}
