/** A forecast from headers alone: what a run would keep and drop, without writing anything. */

import type { Pipeline } from '../pipelines/schema.ts';
import { deidentifyHeader } from '../stages/deidentify/deidentify-instance.ts';
import { describeUnreadable } from '../stages/deidentify/describe-unreadable.ts';
import type { ResolvedProfile } from '../stages/deidentify/profile.ts';
import type { Pseudonymizer } from '../stages/deidentify/pseudonyms.ts';
import { applyExclusionPlugins, type ConfiguredPlugin } from '../stages/group/exclusion-plugins.ts';
import { groupSeries } from '../stages/group/group-series.ts';
import type { InstanceRecord, SourceEntry } from '../stages/records.ts';
import type { Redo, RedoPlan } from './plan-redo.ts';
import type { Input } from './store/open-store.ts';
import { type ListingCounts, listSources, type SourceBytes } from './store/sources.ts';

/** What a run would come to. */
export interface Forecast extends ListingCounts {
  instances: Record<string, number>;
  instanceReasons: Record<string, number>;
  series: Record<string, number>;
  seriesReasons: Record<string, number>;
  /** Bytes of instances that would be published. */
  keptBytes: number;
  keptSlices: number;
  /** Where an output exists: what of it would be done again. */
  redo?: Redo;
}

const FIRST_READ_BYTES = 16 * 1024;

/**
 * Reads the headers of every source file. Whether pixels are damaged or differ shows in the run only, since they are not
 * read: instances with one UID count as duplicates; records are held in memory without their pixels, some kilobytes a file.
 */
export async function forecastRun(
  options: {
    input: Input;
    pipeline: Pipeline;
    profile: ResolvedProfile;
    plugins: readonly ConfiguredPlugin[];
    pseudonymizer: Pseudonymizer;
  },
  read: SourceBytes,
  redoPlan: RedoPlan | null = null,
): Promise<Forecast> {
  const { input, pipeline, profile, plugins, pseudonymizer } = options;
  const counts: ListingCounts = { files: 0, bytes: 0, archives: 0, skippedLinks: 0 };
  const spooled = new Map<string, Buffer>();
  const spool = (sourceKey: string, data: Buffer) => {
    spooled.set(sourceKey, data);
  };
  const records: InstanceRecord[] = [];
  for await (const entry of listSources({ input, sourceKey: pseudonymizer.sourceKey, spool }, counts)) {
    const data = spooled.get(entry.sourceKey);
    const source: SourceBytes = data === undefined ? read : async (_entry, bytes) => data.subarray(0, bytes);
    const means = { profile, pseudonymizer, sourceKey: entry.sourceKey };
    records.push(redoPlan?.takeRecord(entry) ?? (await describeEntry(entry, source, means)));
    spooled.clear();
  }
  const byRules = groupSeries(records, {
    splitBy: pipeline.group.split_by,
    exclude: pipeline.exclude,
    minSlices: pipeline.group.min_slices,
  });
  const { units, verdicts } = applyExclusionPlugins(byRules, records, plugins);
  const forecast: Forecast = {
    ...counts,
    instances: {},
    instanceReasons: {},
    series: {},
    seriesReasons: {},
    keptBytes: 0,
    keptSlices: 0,
    ...(redoPlan === null ? {} : { redo: await redoPlan.finish(units, records) }),
  };
  const bytesOf = new Map(records.map((record) => [record.sourceKey, record.sourceBytes]));
  for (const { disposition, reason, sourceKey } of verdicts) {
    count(forecast.instances, disposition);
    if (reason !== null) count(forecast.instanceReasons, reason);
    if (disposition !== 'kept') continue;
    forecast.keptBytes += bytesOf.get(sourceKey) ?? 0;
    forecast.keptSlices += 1;
  }
  for (const { disposition, reason } of units) {
    count(forecast.series, disposition);
    if (reason !== null) count(forecast.seriesReasons, reason);
  }
  return forecast;
}

async function describeEntry(
  entry: SourceEntry,
  read: SourceBytes,
  options: Parameters<typeof deidentifyHeader>[2],
): Promise<InstanceRecord> {
  for (let bytes = FIRST_READ_BYTES; ; bytes *= 16) {
    const prefix = await read(entry, bytes);
    if (typeof prefix === 'string') return describeUnreadable(entry.sourceKey, entry.bytes, prefix);
    const record = deidentifyHeader(prefix, entry.bytes, options);
    if (record !== null) return record;
    if (prefix.length < bytes) return describeUnreadable(entry.sourceKey, entry.bytes, 'truncated');
  }
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
