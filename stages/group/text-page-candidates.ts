import type { Reason } from '../reasons.ts';
import type { InstanceRecord, InstanceVerdict } from '../records.ts';
import { groupBy } from './slices.ts';

/** Reasons that a page under the name of a CT image gets from its header: it has no geometry, or is one of few. */
const REASONS_OF_PAGES: ReadonlySet<Reason | null> = new Set<Reason>([
  'too-few-slices',
  'odd-slice',
  'geometry-missing',
  'geometry-inconsistent',
  'rescale-missing',
]);

/** A report has few pages: more instances with one reason in a series are a scan. */
const MAX_PAGES = 32;
const MAX_FRAMES = 4;

/**
 * Instances whose pixels are worth a look, since the header says nothing of them and they are no series anyhow. Slices
 * of kept units are looked at by `preprocess`, three of each.
 */
export function textPageCandidates(
  records: ReadonlyMap<string, InstanceRecord>,
  verdicts: readonly InstanceVerdict[],
): InstanceRecord[] {
  const suspects = verdicts.flatMap(({ sourceKey, reason }) => {
    const record = records.get(sourceKey);
    if (record === undefined || !REASONS_OF_PAGES.has(reason)) return [];
    const { image, outputSha256 } = record;
    const readable =
      outputSha256 !== null &&
      image !== null &&
      image.samplesPerPixel === 1 &&
      image.frames.length > 0 &&
      image.frames.length <= MAX_FRAMES;
    return readable ? [{ record, reason }] : [];
  });
  const groups = groupBy(suspects, ({ record, reason }) => `${record.seriesInstanceUid}|${reason}`);
  return groups
    .filter(([, group]) => group.length <= MAX_PAGES)
    .flatMap(([, group]) => group.map(({ record }) => record));
}

/** The record with the word that its pixels have. */
export function markTextPage(record: InstanceRecord): InstanceRecord {
  const { evidence } = record;
  const silent = { bodyPart: null, axis: null, contrast: null, kernelClass: null, phase: null, hints: [] };
  const hints = [...(evidence?.hints ?? []), 'text-page' as const].sort();
  return { ...record, evidence: { ...(evidence ?? silent), hints } };
}
