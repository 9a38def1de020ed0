import { dispositionOf, type Reason } from '../reasons.ts';
import type { InstanceRecord, InstanceVerdict, SeriesUnit } from '../records.ts';
import { buildStackUnit, describeUnit, distinctRecords } from './build-unit.ts';
import { identifyConflicts } from './identify-conflicts.ts';
import { describeSeries, excludeInstance, quarantineInstance } from './instance-rules.ts';
import type { ExclusionRule, GroupOptions } from './options.ts';
import { compareSlices, compareText, groupBy, type StackCandidate, sliceOf } from './slices.ts';
import { looksLikeLocalizer, splitStacks } from './split-stacks.ts';

export type { ExclusionRule, GroupOptions, SplitKey } from './options.ts';

export interface Grouping {
  /** Kept and not kept, sorted by `seriesUnit`. */
  units: SeriesUnit[];
  /** One for every record, sorted by `sourceKey`. */
  verdicts: InstanceVerdict[];
}

/** A verdict on a frame or an instance before the frames of an instance are put together. */
interface FrameVerdict {
  reason: Reason | null;
  seriesUnit: string | null;
}

/**
 * Groups the instances of one or more whole studies into series units.
 *
 * Every record gets one verdict: a record that is not `kept` passes through with its own; the others are kept in a
 * unit or not kept with a reason, and then mostly in a unit that is not kept either, so that the series table tells
 * of it. Copies and conflicts of one SOP Instance UID are in no unit, nor are slices that gave way at their position
 * or fell out of a stack. A multi-frame instance whose frames lie in several units belongs, in its verdict, to the
 * unit of its first frame that is kept.
 *
 * The result does not depend on the order of the records.
 */
export function groupSeries(records: readonly InstanceRecord[], options: GroupOptions): Grouping {
  const units = new Map<string, SeriesUnit>();
  const verdicts = new Map<string, FrameVerdict>();
  const sorted = [...records].sort((a, b) => compareText(a.sourceKey, b.sourceKey));
  const conflicts = identifyConflicts(sorted);
  const candidates: InstanceRecord[] = [];
  for (const record of sorted) {
    const conflict = conflicts.get(record.sourceKey);
    if (record.disposition !== 'kept')
      verdicts.set(record.sourceKey, { reason: record.reason, seriesUnit: null });
    else if (conflict === undefined) candidates.push(record);
    else verdicts.set(record.sourceKey, { reason: conflict, seriesUnit: null });
  }
  const bySeries = groupBy(candidates, (record) => `${record.studyInstanceUid}|${record.seriesInstanceUid}`);
  for (const [, series] of bySeries) groupOneSeries(series, options, units, verdicts);
  return {
    units: [...units.values()].sort((a, b) => compareText(a.seriesUnit, b.seriesUnit)),
    verdicts: sorted.map((record) => {
      const verdict = verdicts.get(record.sourceKey);
      if (verdict === undefined) throw new Error('A record was left without a verdict.');
      const passedThrough = record.disposition !== 'kept';
      return {
        sourceKey: record.sourceKey,
        disposition: passedThrough ? record.disposition : dispositionOf(verdict.reason),
        ...verdict,
      };
    }),
  };
}

function groupOneSeries(
  series: readonly InstanceRecord[],
  options: GroupOptions,
  units: Map<string, SeriesUnit>,
  verdicts: Map<string, FrameVerdict>,
): void {
  const exclude = new Set(options.exclude);
  const facts = describeSeries(series);
  const judged = series.map((record) => ({
    record,
    reason: excludeInstance(record, facts, exclude, options.minSlices) ?? quarantineInstance(record),
  }));
  for (const [reason, group] of groupBy(judged, (entry) => entry.reason ?? '')) {
    if (reason === '') continue;
    const unit = describeUnit(
      group.map(({ record }) => record),
      `not-kept=${reason}`,
      reason as Reason,
    );
    units.set(unit.seriesUnit, unit);
    for (const { record } of group) {
      verdicts.set(record.sourceKey, { reason: reason as Reason, seriesUnit: unit.seriesUnit });
    }
  }
  const slices = judged
    .filter(({ reason }) => reason === null)
    .flatMap(({ record }) => (record.image?.frames ?? []).map((frame) => sliceOf(record, frame)))
    .sort(compareSlices);
  const frameVerdicts = new Map<InstanceRecord, Map<number, FrameVerdict>>();
  const note = (record: InstanceRecord, frame: number, verdict: FrameVerdict) => {
    frameVerdicts.set(record, (frameVerdicts.get(record) ?? new Map()).set(frame, verdict));
  };
  const stacks = splitStacks(slices, options);
  const hasVolume = stacks.some((stack) => reasonOf(stack, options, exclude, false) === null);
  for (const stack of stacks) {
    for (const { slice, reason } of stack.removed) {
      note(slice.record, slice.frame.frame, { reason, seriesUnit: null });
    }
    const reason = reasonOf(stack, options, exclude, hasVolume);
    const unit = buildStackUnit(stack.slices, stack.normal, stack.discriminator.join('|'), reason);
    units.set(unit.seriesUnit, unit);
    for (const slice of stack.slices) {
      note(slice.record, slice.frame.frame, { reason, seriesUnit: unit.seriesUnit });
    }
  }
  for (const record of distinctRecords(slices)) {
    const frames = [...(frameVerdicts.get(record) ?? [])]
      .sort((a, b) => a[0] - b[0])
      .map(([, verdict]) => verdict);
    const verdict = frames.find(({ reason }) => reason === null) ?? frames[0];
    if (verdict !== undefined) verdicts.set(record.sourceKey, verdict);
  }
}

function reasonOf(
  stack: StackCandidate,
  options: GroupOptions,
  exclude: ReadonlySet<ExclusionRule>,
  hasVolume: boolean,
): Reason | null {
  if (stack.problem === 'bolus-tracking')
    return exclude.has('bolus-tracking') ? 'bolus-tracking' : 'too-few-slices';
  if (stack.problem !== null) return stack.problem;
  if (stack.slices.length >= options.minSlices) return null;
  if (exclude.has('localizer') && looksLikeLocalizer(stack)) return 'localizer';
  return hasVolume && stack.slices.length <= 2 ? 'odd-slice' : 'too-few-slices';
}
