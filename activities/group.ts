/** group: series units, and the verdict on every instance. */

import { hash64 } from '../stages/discover/assign-batches.ts';
import { applyExclusionPlugins } from '../stages/group/exclusion-plugins.ts';
import { groupSeries } from '../stages/group/group-series.ts';
import { markTextPage } from '../stages/group/text-page-candidates.ts';
import { dispositionOf } from '../stages/reasons.ts';
import type { InstanceRecord, InstanceVerdict, SeriesUnit } from '../stages/records.ts';
import type { StageContext } from './context.ts';
import { readContested } from './discover.ts';
import { StageFailure } from './failures.ts';
import type { StoredInstance } from './instances.ts';
import { workAhead } from './store/work-ahead.ts';
import { findTextPages } from './text-pages.ts';
import { isUnitDone } from './units.ts';

/** What `group` leaves for the stages after it. */
export interface BatchGroups {
  units: SeriesUnit[];
  verdicts: InstanceVerdict[];
  /** Keys of kept units whose tensor, labels or pictures are still to be made. */
  pending: string[];
  /** Whether an image that fell out by its header is a page of text, by the digest of its file. */
  pages: Record<string, boolean>;
}

/** @returns how many units are kept, and how many of them need work */
export async function groupBatch(
  context: StageContext,
  batch: number,
  bundleSha256: string,
): Promise<{ kept: number; pending: number }> {
  const { files, pipeline } = context;
  const records = await readRecords(context, batch);
  const options = {
    splitBy: pipeline.group.split_by,
    exclude: pipeline.exclude,
    minSlices: pipeline.group.min_slices,
  };
  const byHeader = groupSeries([...records.values()], options);
  const known = (await files.readJson<BatchGroups>(files.names.groups(batch)))?.pages ?? {};
  const pages = await findTextPages(context, batch, { records, verdicts: byHeader.verdicts, known });
  const marked = [...records.values()].map((record) =>
    pages[record.outputSha256 ?? ''] === true ? markTextPage(record) : record,
  );
  const byRules = Object.values(pages).includes(true) ? groupSeries(marked, options) : byHeader;
  const { units, verdicts } = applyExclusionPlugins(byRules, marked, context.plugins);
  const kept = units.filter((unit) => unit.disposition === 'kept');
  const pending: string[] = [];
  const isDone = (unit: SeriesUnit) => isUnitDone(context, unit, records, bundleSha256);
  for await (const [unit, done] of workAhead(kept, files.store.parallel, isDone))
    if (!done) pending.push(unit.seriesUnit);
  await files.writeJson(files.names.groups(batch), { units, verdicts, pending, pages } satisfies BatchGroups);
  return { kept: kept.length, pending: pending.length };
}

/** The records of a batch by source key. Instances that several studies claim are quarantined here. */
export async function readRecords(
  context: StageContext,
  batch: number,
): Promise<Map<string, InstanceRecord>> {
  const { files } = context;
  const stored = await files.readJson<StoredInstance[]>(files.names.instances(batch));
  if (stored === null)
    throw new StageFailure('batch-missing', 'transient', 'The records of a batch are missing.');
  const contested = new Set((await readContested(context, batch)).map(BigInt));
  const records = new Map<string, InstanceRecord>();
  for (const { record } of stored) {
    const reason = 'conflicting-instances';
    const isContested = record.sopInstanceUid !== null && contested.has(hash64(record.sopInstanceUid));
    const marked = isContested && record.disposition === 'kept';
    records.set(
      record.sourceKey,
      marked ? { ...record, disposition: dispositionOf(reason), reason } : record,
    );
  }
  return records;
}

export async function readGroups(context: StageContext, batch: number): Promise<BatchGroups> {
  const groups = await context.files.readJson<BatchGroups>(context.files.names.groups(batch));
  if (groups === null)
    throw new StageFailure('batch-missing', 'transient', 'The groups of a batch are missing.');
  return groups;
}
