/** deidentify: from here on there are pseudonyms alone. */
import { digestOf } from '../pipelines/digest.ts';
import { type IdentityPair, tellPseudonyms } from '../stages/deidentify/pseudonyms.ts';
import { rankTimes } from '../stages/deidentify/rank-times.ts';
import type { FrameTimes } from '../stages/deidentify/read-times.ts';
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
  const { files, crosswalk } = context;
  const done = files.readJson<BatchRows>(files.names.rows(batch));
  if (
    done !== null &&
    done.batchKey === batchKeyOf(context, batch, bundleSha256) &&
    isComplete(context, done, batch)
  ) {
    return { unchanged: true, files: done.instances.length };
  }
  const entries = files.readSealed<SourceEntry[]>(files.names.entries(batch)) ?? [];
  const before = new Map<string, StoredInstance>();
  // Records tell no identifier: without the batch's part of the crosswalk they are of no use for it.
  const isKnown = crosswalk === null || crosswalk.has(batch);
  const stored = isKnown ? files.readJson<StoredInstance[]>(files.names.instances(batch)) : null;
  for (const instance of stored ?? []) before.set(instance.record.sourceKey, instance);
  const pairs = new Map<string, IdentityPair>();
  const tell = (pair: IdentityPair) => pairs.set(`${pair.pseudonym} ${pair.source}`, pair);
  const telling =
    crosswalk === null ? context : { ...context, pseudonymizer: tellPseudonyms(context.pseudonymizer, tell) };
  const reader = new SourceReader(placeOfRun(files));
  try {
    const timesBefore = new Map(files.readSealed<[string, FrameTimes[]][]>(files.names.times(batch)) ?? []);
    const instances: StoredInstance[] = [];
    const timesOf = new Map<string, FrameTimes[]>();
    for (const entry of entries) {
      const known = before.get(entry.sourceKey);
      const times = timesBefore.get(entry.sourceKey);
      if (known !== undefined && times !== undefined && known.stamp === stampOf(context, entry)) {
        instances.push(known);
        timesOf.set(entry.sourceKey, times);
        continue;
      }
      const made = await deidentifyEntry(telling, reader, entry);
      instances.push({ stamp: made.stamp, record: made.record });
      timesOf.set(entry.sourceKey, made.times);
    }
    // Before the records, so that a kill between the two repeats the batch.
    crosswalk?.add(batch, pairs.values());
    // Times stay sealed: beyond this step there are ranks alone.
    files.writeSealed(files.names.times(batch), [...timesOf]);
    const ranked = rankTimes(
      instances.map(({ record }) => record),
      timesOf,
    );
    files.writeJson(
      files.names.instances(batch),
      instances.map(({ stamp }, index) => ({ stamp, record: ranked[index]! })) satisfies StoredInstance[],
    );
    return { unchanged: false, files: instances.length };
  } finally {
    reader.close();
  }
}

/** Whether every published file of a finished batch is still there, and its part of the crosswalk. */
export function isComplete(context: StageContext, rows: BatchRows, batch: number): boolean {
  if (context.crosswalk?.has(batch) === false) return false;
  return rows.outputs.every(({ path, bytes }) => hasSize(context.files.published(path), bytes));
}
