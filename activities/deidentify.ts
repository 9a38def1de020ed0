/** deidentify: from here on there are pseudonyms alone. */
import { digestOf } from '../pipelines/digest.ts';
import { type IdentityPair, tellPseudonyms } from '../stages/deidentify/pseudonyms.ts';
import { rankTimes } from '../stages/deidentify/rank-times.ts';
import type { FrameTimes } from '../stages/deidentify/read-times.ts';
import type { SourceEntry } from '../stages/records.ts';
import type { StageContext } from './context.ts';
import { readContested } from './discover.ts';
import { StageFailure } from './failures.ts';
import { deidentifyEntry, hasSize, type StoredInstance, stampOf } from './instances.ts';
import type { BatchRows, PublishedFile } from './publish.ts';
import { placeOfRun, SourceReader } from './store/sources.ts';
import { workAhead } from './store/work-ahead.ts';
import { STEP_VERSIONS } from './versions.ts';

/** What a batch's rows rest on: equal keys, equal rows. */
export async function batchKeyOf(
  context: StageContext,
  batch: number,
  bundleSha256: string,
): Promise<string> {
  const { files, pipeline } = context;
  const entries = await files.readSealed<SourceEntry[]>(files.names.entries(batch));
  if (entries === null)
    throw new StageFailure('listing-missing', 'transient', 'The entries of a batch are missing.');
  const stamps = entries.map((entry) => `${entry.sourceKey}:${stampOf(context, entry)}`);
  const contested = await readContested(context, batch);
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
  const done = await files.readJson<BatchRows>(files.names.rows(batch));
  if (
    done !== null &&
    done.batchKey === (await batchKeyOf(context, batch, bundleSha256)) &&
    (await isComplete(context, done, batch))
  ) {
    return { unchanged: true, files: done.instances.length };
  }
  const entries = (await files.readSealed<SourceEntry[]>(files.names.entries(batch))) ?? [];
  const before = new Map<string, StoredInstance>();
  // Records tell no identifier: without the batch's part of the crosswalk they are of no use for it.
  const isKnown = crosswalk === null || crosswalk.has(batch);
  const stored = isKnown ? await files.readJson<StoredInstance[]>(files.names.instances(batch)) : null;
  for (const instance of stored ?? []) before.set(instance.record.sourceKey, instance);
  const pairs = new Map<string, IdentityPair>();
  const tell = (pair: IdentityPair) => pairs.set(`${pair.pseudonym} ${pair.source}`, pair);
  const telling =
    crosswalk === null ? context : { ...context, pseudonymizer: tellPseudonyms(context.pseudonymizer, tell) };
  const reader = new SourceReader(placeOfRun(context));
  try {
    const timesBefore = new Map(
      (await files.readSealed<[string, FrameTimes[]][]>(files.names.times(batch))) ?? [],
    );
    const instances: StoredInstance[] = [];
    const timesOf = new Map<string, FrameTimes[]>();
    const make = async (entry: SourceEntry) => {
      const known = before.get(entry.sourceKey);
      const times = timesBefore.get(entry.sourceKey);
      return known !== undefined && times !== undefined && known.stamp === stampOf(context, entry)
        ? { ...known, times }
        : deidentifyEntry(telling, reader, entry);
    };
    for await (const [entry, made] of workAhead(entries, context.output.parallel, make)) {
      instances.push({ stamp: made.stamp, record: made.record });
      timesOf.set(entry.sourceKey, made.times);
    }
    // Before the records, so that a kill between the two repeats the batch.
    crosswalk?.add(batch, pairs.values());
    // Times stay sealed: beyond this step there are ranks alone.
    await files.writeSealed(files.names.times(batch), [...timesOf]);
    const ranked = rankTimes(
      instances.map(({ record }) => record),
      timesOf,
    );
    await files.writeJson(
      files.names.instances(batch),
      instances.map(({ stamp }, index) => ({ stamp, record: ranked[index]! })) satisfies StoredInstance[],
    );
    return { unchanged: false, files: instances.length };
  } finally {
    reader.close();
  }
}

/** Whether every published file of a finished batch is still there, and its part of the crosswalk. */
export async function isComplete(context: StageContext, rows: BatchRows, batch: number): Promise<boolean> {
  const { crosswalk, output } = context;
  if (crosswalk?.has(batch) === false) return false;
  const isThere = ({ path, bytes }: PublishedFile) => hasSize(output, path, bytes);
  for await (const [, isGood] of workAhead(rows.outputs, output.parallel, isThere)) if (!isGood) return false;
  return true;
}
