import { createHash } from 'node:crypto';
import { dispositionOf } from '../reasons.ts';
import type { ExclusionHint, HeaderEvidence, InstanceRecord, SeriesUnit } from '../records.ts';
import { type Finding, reasonOfRule } from '../rules.ts';
import { describeConsistency } from './describe-consistency.ts';
import { axisOfOrientation, roundTo } from './geometry.ts';
import { measureStack, orderSlices } from './measure-stack.ts';
import { compareText, majority, type Slice, type StackCandidate } from './slices.ts';

/**
 * Key of a unit: of its pseudonymous series and of what tells it from the series' other units. The study is part of it,
 * since archives hold series whose UID stands in two studies.
 */
function seriesUnitKey(record: InstanceRecord | undefined, discriminator: string): string {
  const parts = [record?.studyInstanceUid ?? '', record?.seriesInstanceUid ?? '', discriminator];
  return `su${createHash('sha256').update(parts.join('|')).digest('hex').slice(0, 24)}`;
}

/** A unit of slices at one orientation on one grid, measured. */
export function buildStackUnit(stack: StackCandidate, finding: Finding | null): SeriesUnit {
  const { slices, normal } = stack;
  const ordered = orderSlices(slices, normal);
  const measures = measureStack(ordered, normal);
  const first = ordered[0]?.slice;
  const unit = describeUnit(distinctRecords(slices), stack.discriminator.join('|'), finding);
  return {
    ...unit,
    instanceCount: ordered.length,
    slices: ordered.map(({ slice }, index) => ({
      sopInstanceUid: slice.record.sopInstanceUid ?? '',
      frame: slice.frame.frame,
      positionMm: measures.positionsMm[index] ?? 0,
    })),
    sliceSpacingMm: measures.spacingMm,
    sliceSpacingRegular: measures.regular,
    sliceGapCount: measures.gapCount,
    gantryTiltDeg: measures.tiltDeg ?? unit.gantryTiltDeg,
    imageOrientationPatient: [...(first?.row ?? []), ...(first?.column ?? [])].map((value) =>
      roundTo(value, 6),
    ),
    axisGeometry: measures.axis,
    coverageMm: measures.coverageMm,
    consistency: describeConsistency(ordered, measures),
    pass: stack.pass,
    removedSliceCount: stack.removed.length,
  };
}

/** A unit of instances that share a reason and a series, with what their headers have in common. */
export function describeUnit(
  records: readonly InstanceRecord[],
  discriminator: string,
  finding: Finding | null,
): SeriesUnit {
  const reason = finding === null ? null : reasonOfRule(finding.rule);
  const sorted = [...records].sort(
    (a, b) =>
      (a.instanceNumber ?? Number.POSITIVE_INFINITY) - (b.instanceNumber ?? Number.POSITIVE_INFINITY) ||
      compareText(a.sourceKey, b.sourceKey),
  );
  const of = <T extends string | number>(read: (record: InstanceRecord) => T | null | undefined): T | null =>
    majority(sorted.map((record) => read(record) ?? null));
  const frameOf = (record: InstanceRecord) => record.image?.frames[0];
  const orientation = numbersOf(of((record) => frameOf(record)?.imageOrientationPatient?.join(',')));
  const spacing = numbersOf(of((record) => frameOf(record)?.pixelSpacingMm?.join(',')));
  return {
    seriesUnit: seriesUnitKey(sorted[0], discriminator),
    patientId: of((record) => record.patientId) ?? '',
    studyInstanceUid: of((record) => record.studyInstanceUid) ?? '',
    seriesInstanceUid: sorted[0]?.seriesInstanceUid ?? '',
    modality: of((record) => record.modality),
    disposition: dispositionOf(reason),
    reason,
    rule: finding?.rule ?? null,
    ruleEvidence: finding?.evidence ?? [],
    instanceCount: sorted.reduce((count, { image }) => count + Math.max(1, image?.frames.length ?? 1), 0),
    slices: sorted.flatMap((record) =>
      (record.image?.frames ?? []).map(({ frame }) => ({
        sopInstanceUid: record.sopInstanceUid ?? '',
        frame,
        positionMm: 0,
      })),
    ),
    rows: of((record) => record.image?.rows),
    columns: of((record) => record.image?.columns),
    pixelSpacingMm: spacing === null ? null : [spacing[0] ?? 0, spacing[1] ?? 0],
    sliceSpacingMm: null,
    sliceSpacingRegular: null,
    sliceGapCount: null,
    gantryTiltDeg: of((record) => record.image?.gantryTiltDeg),
    imageOrientationPatient: orientation,
    axisGeometry: axisOfOrientation(orientation),
    coverageMm: null,
    consistency: null,
    pass: null,
    removedSliceCount: 0,
    manufacturer: of((record) => record.image?.manufacturer),
    manufacturerModelName: of((record) => record.image?.manufacturerModelName),
    convolutionKernel: of((record) => record.image?.convolutionKernel),
    kvp: of((record) => record.image?.kvp),
    evidence: majorityEvidence(sorted.map(({ evidence }) => evidence)),
  };
}

/** The instances of slices, each once. */
export function distinctRecords(slices: readonly Slice[]): InstanceRecord[] {
  return [...new Set(slices.map(({ record }) => record))];
}

/** What most instances' headers say; a hint counts when more than half of them give it. */
function majorityEvidence(all: readonly (HeaderEvidence | null)[]): HeaderEvidence | null {
  if (all.every((evidence) => evidence === null)) return null;
  const hints = new Map<ExclusionHint, number>();
  for (const evidence of all) {
    for (const hint of evidence?.hints ?? []) hints.set(hint, (hints.get(hint) ?? 0) + 1);
  }
  return {
    bodyPart: majority(all.map((evidence) => evidence?.bodyPart ?? null)),
    axis: majority(all.map((evidence) => evidence?.axis ?? null)),
    contrast: majority(all.map((evidence) => evidence?.contrast ?? null)),
    kernelClass: majority(all.map((evidence) => evidence?.kernelClass ?? null)),
    phase: majority(all.map((evidence) => evidence?.phase ?? null)),
    hints: [...hints]
      .filter(([, count]) => 2 * count > all.length)
      .map(([hint]) => hint)
      .sort(),
  };
}

function numbersOf(text: string | null): number[] | null {
  return text === null ? null : text.split(',').map(Number);
}
