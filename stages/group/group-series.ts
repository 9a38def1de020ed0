import { dispositionOf } from '../reasons.ts';
import type { InstanceRecord, InstanceVerdict, SeriesUnit } from '../records.ts';
import { type Finding, reasonOfRule, ruleOfReason } from '../rules.ts';
import { buildStackUnit, describeUnit, distinctRecords } from './build-unit.ts';
import { axisOfNormal } from './geometry.ts';
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
  finding: Finding | null;
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
    if (isQuarantinedByText(record)) candidates.push(record);
    else if (record.disposition !== 'kept')
      verdicts.set(record.sourceKey, { finding: findingOfRecord(record), seriesUnit: null });
    else if (conflict === undefined) candidates.push(record);
    else {
      const finding = { rule: ruleOfReason(conflict), evidence: [] };
      verdicts.set(record.sourceKey, { finding, seriesUnit: null });
    }
  }
  const bySeries = groupBy(candidates, (record) => `${record.studyInstanceUid}|${record.seriesInstanceUid}`);
  for (const [, series] of bySeries) groupOneSeries(series, options, units, verdicts);
  return {
    units: [...units.values()].sort((a, b) => compareText(a.seriesUnit, b.seriesUnit)),
    verdicts: sorted.map((record) => {
      const verdict = verdicts.get(record.sourceKey);
      if (verdict === undefined) throw new Error('A record was left without a verdict.');
      const { finding, seriesUnit } = verdict;
      const passedThrough = record.disposition !== 'kept' && !isQuarantinedByText(record);
      const reason = passedThrough ? record.reason : finding === null ? null : reasonOfRule(finding.rule);
      return {
        sourceKey: record.sourceKey,
        disposition: passedThrough ? record.disposition : dispositionOf(reason),
        reason,
        rule: finding?.rule ?? null,
        ruleEvidence: finding?.evidence ?? [],
        seriesUnit,
      };
    }),
  };
}

/**
 * An image with writing on it, which is kept in no case: but when a rule of the pipeline leaves it out, that says more
 * of what it is.
 */
function isQuarantinedByText({ disposition, reason, image, studyInstanceUid }: InstanceRecord): boolean {
  return (
    disposition === 'quarantined' &&
    reason === 'burned-in-annotation' &&
    image !== null &&
    studyInstanceUid !== null
  );
}

/** What a record says of a verdict that an earlier stage gave. */
function findingOfRecord(record: InstanceRecord): Finding | null {
  const { reason, sopClassUid, modality, evidence } = record;
  if (reason === null) return null;
  const rule = record.rule ?? ruleOfReason(reason);
  const saysObject = ['not-ct', 'dose-report', 'secondary-capture', 'screen-save'].includes(reason);
  return {
    rule,
    evidence: saysObject
      ? [
          `sop-class=${sopClassUid ?? 'unknown'}`,
          `modality=${modality ?? 'unknown'}`,
          ...(evidence?.hints ?? []).map((hint) => `hint=${hint}`),
        ]
      : [],
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
    finding:
      excludeInstance(record, facts, exclude, options.minSlices) ??
      (record.disposition === 'kept' ? quarantineInstance(record) : findingOfRecord(record)),
  }));
  for (const [reason, group] of groupBy(judged, ({ finding }) =>
    finding === null ? '' : reasonOfRule(finding.rule),
  )) {
    if (reason === '') continue;
    const unit = describeUnit(
      group.map(({ record }) => record),
      `not-kept=${reason}`,
      commonFinding(group.flatMap(({ finding }) => finding ?? [])),
    );
    units.set(unit.seriesUnit, unit);
    for (const { record, finding } of group) {
      verdicts.set(record.sourceKey, { finding, seriesUnit: unit.seriesUnit });
    }
  }
  const slices = judged
    .filter(({ finding }) => finding === null)
    .flatMap(({ record }) => (record.image?.frames ?? []).map((frame) => sliceOf(record, frame)))
    .sort(compareSlices);
  const frameVerdicts = new Map<InstanceRecord, Map<number, FrameVerdict>>();
  const note = (record: InstanceRecord, frame: number, verdict: FrameVerdict) => {
    frameVerdicts.set(record, (frameVerdicts.get(record) ?? new Map()).set(frame, verdict));
  };
  const stacks = withUniqueDiscriminators(splitStacks(slices, options));
  const hasVolume = stacks.some((stack) => judgeStack(stack, options, exclude, false) === null);
  for (const stack of stacks) {
    for (const { slice, finding } of stack.removed) {
      note(slice.record, slice.frame.frame, { finding, seriesUnit: null });
    }
    const finding = judgeStack(stack, options, exclude, hasVolume);
    const unit = buildStackUnit(stack, finding);
    units.set(unit.seriesUnit, unit);
    for (const slice of stack.slices) {
      note(slice.record, slice.frame.frame, { finding, seriesUnit: unit.seriesUnit });
    }
  }
  for (const record of distinctRecords(slices)) {
    const frames = [...(frameVerdicts.get(record) ?? [])]
      .sort((a, b) => a[0] - b[0])
      .map(([, verdict]) => verdict);
    const verdict = frames.find(({ finding }) => finding === null) ?? frames[0];
    if (verdict !== undefined) verdicts.set(record.sourceKey, verdict);
  }
}

/** Values are rounded in a discriminator: two stacks that it does not tell apart get an index, in their order. */
function withUniqueDiscriminators(stacks: readonly StackCandidate[]): StackCandidate[] {
  const counts = new Map<string, number>();
  return stacks.map((stack) => {
    const key = stack.discriminator.join('|');
    const before = counts.get(key) ?? 0;
    counts.set(key, before + 1);
    return before === 0
      ? stack
      : { ...stack, discriminator: [...stack.discriminator, `again=${before + 1}`] };
  });
}

/** The rule that most findings have, the first by name on a tie, with the evidence that all of them share. */
function commonFinding(findings: readonly Finding[]): Finding | null {
  const [[, largest] = ['', []]] = groupBy(findings, ({ rule }) => rule).sort(
    (a, b) => b[1].length - a[1].length,
  );
  const [first] = largest;
  if (first === undefined) return null;
  const shared = first.evidence.filter((each) => largest.every(({ evidence }) => evidence.includes(each)));
  return { rule: first.rule, evidence: shared };
}

function judgeStack(
  stack: StackCandidate,
  options: GroupOptions,
  exclude: ReadonlySet<ExclusionRule>,
  hasVolume: boolean,
): Finding | null {
  const { problem, slices } = stack;
  if (problem?.rule === 'bolus-tracking-position') {
    return exclude.has('bolus-tracking') ? problem : { ...problem, rule: 'too-few-positions' };
  }
  if (problem !== null) return problem;
  if (slices.length >= options.minSlices) return null;
  const evidence = [`slices=${slices.length}`, `min-slices=${options.minSlices}`];
  if (exclude.has('localizer') && looksLikeLocalizer(stack)) {
    const plane = axisOfNormal(stack.normal);
    return { rule: 'localizer-geometry', evidence: [`slices=${slices.length}`, `plane=${plane}`] };
  }
  return { rule: hasVolume && slices.length <= 2 ? 'odd-stack' : 'too-few-slices', evidence };
}
