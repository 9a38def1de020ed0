import type { InstanceRecord } from '../records.ts';
import type { FrameTimes } from './read-times.ts';

/**
 * Replaces times by their places: the frames of a series get the rank of their acquisition and of their content among
 * those of the series, from 0, equal times one rank. What is left says in which order things were done, as instance
 * numbers do, and not when nor how far apart.
 * @param timesOf the private times of each record, one for each frame, by source key
 */
export function rankTimes(
  records: readonly InstanceRecord[],
  timesOf: ReadonlyMap<string, readonly FrameTimes[]>,
): InstanceRecord[] {
  const series = new Map<string, { acquisition: Set<number>; content: Set<number> }>();
  const seriesOf = (record: InstanceRecord) => `${record.studyInstanceUid}|${record.seriesInstanceUid}`;
  for (const record of records) {
    if (record.image === null) continue;
    const key = seriesOf(record);
    const known = series.get(key) ?? { acquisition: new Set(), content: new Set() };
    series.set(key, known);
    for (const { acquisition, content } of timesOf.get(record.sourceKey) ?? []) {
      if (acquisition !== null) known.acquisition.add(acquisition);
      if (content !== null) known.content.add(content);
    }
  }
  const ranks = new Map(
    [...series].map(([key, { acquisition, content }]) => [
      key,
      { acquisition: ranksOf(acquisition), content: ranksOf(content) },
    ]),
  );
  return records.map((record) => {
    const ranked = ranks.get(seriesOf(record));
    if (record.image === null || ranked === undefined) return record;
    const times = timesOf.get(record.sourceKey) ?? [];
    const rank = (of: ReadonlyMap<number, number>, time: number | null | undefined) =>
      time === null || time === undefined ? null : (of.get(time) ?? null);
    const frames = record.image.frames.map((frame) => ({
      ...frame,
      acquisitionRank: rank(ranked.acquisition, times[frame.frame]?.acquisition),
      contentRank: rank(ranked.content, times[frame.frame]?.content),
    }));
    return { ...record, image: { ...record.image, frames } };
  });
}

function ranksOf(times: ReadonlySet<number>): Map<number, number> {
  return new Map([...times].sort((a, b) => a - b).map((time, rank) => [time, rank]));
}
