/** deidentify: from here on there are pseudonyms alone. */
import { digestOf } from '../pipelines/digest.ts';
import type { SourceEntry } from '../stages/records.ts';
import type { StageContext } from './context.ts';
import { StageFailure } from './failures.ts';
import { deidentifyEntry, hasSize, type StoredInstance, stampOf } from './instances.ts';
import type { BatchRows } from './publish.ts';
import { placeOfRun, SourceReader } from './store/sources.ts';
import { STEP_VERSIONS } from './versions.ts';

/** What a batch's rows rest on: equal keys, equal rows. */
export function batchKeyOf(context: StageContext, batch: number, bundleSha256: string): string {
  const { files, pipeline } = context;
  const entries = files.readSealed<SourceEntry[]>(files.names.entries(batch));
  if (entries === null)
    throw new StageFailure('listing-missing', 'transient', 'The entries of a batch are missing.');
  const stamps = entries.map((entry) => `${entry.sourceKey}:${stampOf(context, entry)}`);
  const contested = files.readJson<string[]>('contested.json') ?? [];
  const { source: _source, name: _name, ...steps } = pipeline;
  return digestOf({ stamps, contested, steps, bundleSha256, versions: STEP_VERSIONS });
}

/**
 * De-identifies the instances of a batch into the staging folder. Records that were made from the same file in the
 * same way before are taken over.
 * @returns `unchanged` when the batch's rows are there already, made from the same, with all their files
 */
export async function deidentifyBatch(
  context: StageContext,
  batch: number,
  bundleSha256: string,
): Promise<{ unchanged: boolean; files: number }> {
  const { files } = context;
  const done = files.readJson<BatchRows>(files.names.rows(batch));
  if (
    done !== null &&
    done.batchKey === batchKeyOf(context, batch, bundleSha256) &&
    isComplete(context, done)
  ) {
    return { unchanged: true, files: done.instances.length };
  }
  const entries = files.readSealed<SourceEntry[]>(files.names.entries(batch)) ?? [];
  const before = new Map<string, StoredInstance>();
  for (const stored of files.readJson<StoredInstance[]>(files.names.instances(batch)) ?? []) {
    before.set(stored.record.sourceKey, stored);
  }
  const reader = new SourceReader(placeOfRun(files));
  try {
    const instances: StoredInstance[] = [];
    for (const entry of entries) {
      const known = before.get(entry.sourceKey);
      const good = known !== undefined && known.stamp === stampOf(context, entry);
      instances.push(good ? known : await deidentifyEntry(context, reader, entry));
    }
    files.writeJson(files.names.instances(batch), instances);
    return { unchanged: false, files: instances.length };
  } finally {
    reader.close();
  }
}

/** Whether every published file of a finished batch is still there. */
export function isComplete(context: StageContext, rows: BatchRows): boolean {
  return rows.outputs.every(({ path, bytes }) => hasSize(context.files.published(path), bytes));
}
