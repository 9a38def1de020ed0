import type { ExclusionHint, FrameDescription, InstanceRecord } from '../records.ts';
import type { Finding, RuleName } from '../rules.ts';
import { axisOfOrientation, isValidOrientation } from './geometry.ts';
import { hasImageTypeTerm, hintsOfImageType } from './image-type.ts';
import { type ExclusionRule, excludesPages } from './options.ts';

const CT_IMAGE = '1.2.840.10008.5.1.4.1.1.2';
/** CT Image, Enhanced CT Image and Legacy Converted Enhanced CT Image Storage. PS3.4 table B.5-1 */
const CT_CLASSES = new Set([CT_IMAGE, `${CT_IMAGE}.1`, `${CT_IMAGE}.2`]);
/** Secondary Capture Image Storage and its multi-frame classes; Encapsulated PDF. */
const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
/** Radiation dose structured reports. */
const DOSE_REPORTS = new Set(['1.2.840.10008.5.1.4.1.1.88.67', '1.2.840.10008.5.1.4.1.1.88.68']);

/** What of the rest of its series an instance's verdict needs. */
export interface SeriesFacts {
  instances: number;
  /** Distinct positions of slices, to 0.1 mm. */
  positions: number;
}

/** Facts about the instances of one series. */
export function describeSeries(records: readonly InstanceRecord[]): SeriesFacts {
  const positions = new Set<string>();
  for (const record of records) {
    for (const { imagePositionPatient } of record.image?.frames ?? []) {
      if (imagePositionPatient !== null)
        positions.add(imagePositionPatient.map((x) => x.toFixed(1)).join(','));
    }
  }
  return { instances: records.length, positions: positions.size };
}

/**
 * The first rule against an instance, or null. The order is from what a file is to what it shows: another object, a
 * page, a rendering, and last a scan that is a CT image but no series to learn from.
 */
export function excludeInstance(
  record: InstanceRecord,
  facts: SeriesFacts,
  exclude: ReadonlySet<ExclusionRule>,
  minSlices: number,
): Finding | null {
  const { image } = record;
  const hints = new Set<ExclusionHint>(record.evidence?.hints ?? []);
  const typed = termsByHint(image?.frames ?? []);
  const asked = (name: ExclusionRule) => exclude.has(name);
  const sopClass = record.sopClassUid ?? '';
  const byTerm = (rule: RuleName, hint: ExclusionHint): Finding | null => {
    const terms = typed.get(hint);
    return terms === undefined ? null : { rule, evidence: terms.map((term) => `image-type=${term}`) };
  };
  const byHint = (rule: RuleName, hint: ExclusionHint, kind: 'words' | 'header' = 'words'): Finding | null =>
    hints.has(hint) ? { rule, evidence: [`${kind}=${hint}`] } : null;

  if (asked('dose-report')) {
    if (DOSE_REPORTS.has(sopClass)) return { rule: 'dose-report-class', evidence: [`sop-class=${sopClass}`] };
    const found =
      byTerm('dose-report-image-type', 'dose-report') ?? byHint('dose-report-words', 'dose-report');
    if (found !== null) return found;
  }
  if (asked('screen-save')) {
    const found =
      byTerm('screen-save-image-type', 'screen-save') ?? byHint('screen-save-words', 'screen-save');
    if (found !== null) return found;
  }
  if (asked('scanned-document')) {
    const found =
      byTerm('scanned-document', 'scanned-document') ?? byHint('scanned-document', 'scanned-document');
    if (found !== null) return found;
  }
  const isSecondaryCapture = sopClass === SECONDARY_CAPTURE || sopClass.startsWith(`${SECONDARY_CAPTURE}.`);
  if (asked('secondary-capture') && isSecondaryCapture) {
    return { rule: 'secondary-capture-class', evidence: [`sop-class=${sopClass}`] };
  }
  // Without pixels of a CT there is nothing to group, whatever the pipeline asks for.
  if (image === null || (asked('not-ct') && !isCt(record))) {
    return {
      rule: 'other-object',
      evidence: [`sop-class=${sopClass || 'unknown'}`, `modality=${record.modality ?? 'unknown'}`],
    };
  }
  // Whoever leaves captured pages out leaves those out that do not call themselves so.
  if (excludesPages([...exclude])) {
    const found = byHint('text-page', 'text-page', 'header');
    if (found !== null) return { ...found, evidence: ['pixels=text-page'] };
  }

  // Words alone may lie about a series: they count unless its geometry is that of a scan.
  const isScan = facts.positions >= minSlices && image.frames.every(isAxialSlice);
  const positions = `positions=${facts.positions}`;
  if (asked('localizer')) {
    const found =
      byTerm('localizer-image-type', 'localizer') ??
      byHint('localizer-acquisition', 'acquired-localizer', 'header') ??
      (isScan ? null : withEvidence(byHint('localizer-words', 'localizer'), positions));
    if (found !== null) return found;
  }
  if (asked('bolus-tracking')) {
    const found =
      byTerm('bolus-tracking-image-type', 'bolus-tracking') ??
      (facts.positions < minSlices
        ? withEvidence(byHint('bolus-tracking-words', 'bolus-tracking'), positions)
        : null);
    if (found !== null) return found;
  }
  if (asked('ct-fluoroscopy')) {
    const found =
      byHint('fluoroscopy-flag', 'flagged-fluoroscopy', 'header') ??
      byTerm('fluoroscopy-image-type', 'fluoroscopy') ??
      byHint('fluoroscopy-words', 'fluoroscopy');
    if (found !== null) return found;
  }
  if (asked('post-processed')) {
    const found =
      byTerm('projection-image-type', 'mip') ??
      byHint('projection-image-type', 'calculated-projection', 'header') ??
      byHint('projection-words', 'mip') ??
      byTerm('rendering-image-type', 'volume-rendering') ??
      byHint('rendering-image-type', 'calculated-rendering', 'header') ??
      byHint('rendering-words', 'volume-rendering') ??
      byTerm('perfusion-map-image-type', 'perfusion') ??
      byHint('perfusion-map-words', 'perfusion') ??
      byTerm('subtraction-image-type', 'subtraction') ??
      byHint('subtraction-words', 'subtraction');
    if (found !== null) return found;
    if (image.samplesPerPixel > 1)
      return { rule: 'colour-pixels', evidence: [`samples-per-pixel=${image.samplesPerPixel}`] };
  }
  if (asked('phantom')) {
    const found =
      byHint('phantom-flag', 'flagged-phantom', 'header') ??
      byHint('phantom-words', 'phantom') ??
      byHint('calibration-words', 'calibration');
    if (found !== null) return found;
  }
  return asked('secondary-capture') ? greyLevels(record, 'eight-bit-capture') : null;
}

/** Terms of the frames' image types, by what they say against the image. */
function termsByHint(frames: readonly FrameDescription[]): Map<ExclusionHint, string[]> {
  const found = new Map<ExclusionHint, string[]>();
  for (const { imageType } of frames) {
    for (const { hint, term } of hintsOfImageType(imageType)) {
      const terms = found.get(hint);
      if (terms === undefined) found.set(hint, [term]);
      else if (!terms.includes(term)) terms.push(term);
    }
  }
  for (const terms of found.values()) terms.sort();
  return found;
}

function withEvidence(finding: Finding | null, more: string): Finding | null {
  return finding === null ? null : { ...finding, evidence: [...finding.evidence, more] };
}

/** Hounsfield units from air to dense bone need at least this span; a window's grey levels have less. */
const MIN_SPAN_HU = 1000;

/**
 * Grey levels of a window under the name of a CT image: 8 bits or fewer, with a rescale that cannot span from air to
 * bone. CT images have 12 to 16 bits (PS3.3 table C.8-3); lossy 8-bit copies with a steep slope are Hounsfield units.
 */
function greyLevels(record: InstanceRecord, rule: RuleName): Finding | null {
  const { image } = record;
  if (image === null || image.bitsStored > 8 || image.frames.length === 0) return null;
  const levels = 2 ** image.bitsStored - 1;
  const slopes = image.frames.map(({ rescaleSlope }) => Math.abs(rescaleSlope ?? 1));
  const slope = Math.max(...slopes);
  if (levels * slope >= MIN_SPAN_HU) return null;
  return { rule, evidence: [`bits-stored=${image.bitsStored}`, `rescale-slope=${slope}`] };
}

function isCt(record: InstanceRecord): boolean {
  const modalityFits = record.modality === 'CT' || record.modality === null;
  return modalityFits && record.sopClassUid !== null && CT_CLASSES.has(record.sopClassUid);
}

function isAxialSlice({ imageOrientationPatient, imageType }: FrameDescription): boolean {
  return hasImageTypeTerm(imageType, 'AXIAL') && axisOfOrientation(imageOrientationPatient) === 'axial';
}

/** Why an instance cannot be placed in the patient or read in Hounsfield units, or null. */
export function quarantineInstance(record: InstanceRecord): Finding | null {
  const frames = record.image?.frames ?? [];
  if (frames.length === 0) return { rule: 'pixel-data-missing', evidence: ['frames=0'] };
  // What a page shows may name a patient: it is kept in no case.
  if (record.evidence?.hints.includes('text-page') === true)
    return { rule: 'burned-in-annotation', evidence: ['pixels=text-page'] };
  const typed = termsByHint(frames);
  for (const hint of ['screen-save', 'dose-report'] as const) {
    const terms = typed.get(hint);
    if (terms !== undefined)
      return { rule: 'burned-in-annotation', evidence: terms.map((term) => `image-type=${term}`) };
  }
  const unscaled = frames.find((frame) => !hasRescale(frame));
  if (unscaled !== undefined) {
    const { rescaleSlope, rescaleIntercept } = unscaled;
    const evidence = [`rescale-slope=${rescaleSlope}`, `rescale-intercept=${rescaleIntercept}`];
    return { rule: 'rescale-missing', evidence };
  }
  const other = frames.find(({ rescaleType }) => rescaleType !== null && rescaleType !== 'HU');
  if (other !== undefined) return { rule: 'rescale-not-hu', evidence: [`rescale-type=${other.rescaleType}`] };
  const placeless = frames.find((frame) => !hasGeometry(frame));
  if (placeless !== undefined) {
    const evidence = [
      ...(placeless.imagePositionPatient?.every(Number.isFinite) === true ? [] : ['image-position']),
      ...(isValidOrientation(placeless.imageOrientationPatient) ? [] : ['image-orientation']),
      ...(hasSpacing(placeless) ? [] : ['pixel-spacing']),
    ].map((name) => `missing-or-invalid=${name}`);
    return { rule: 'geometry-missing', evidence };
  }
  return greyLevels(record, 'eight-bit-grey');
}

/** Slope and intercept are both needed, and a slope of zero is none. PS3.3 C.8.2.1: Type 1 in a CT image. */
function hasRescale({ rescaleSlope, rescaleIntercept }: FrameDescription): boolean {
  return (
    rescaleSlope !== null &&
    rescaleIntercept !== null &&
    Number.isFinite(rescaleSlope) &&
    Number.isFinite(rescaleIntercept) &&
    rescaleSlope !== 0
  );
}

function hasGeometry(frame: FrameDescription): boolean {
  return (
    frame.imagePositionPatient?.every(Number.isFinite) === true &&
    isValidOrientation(frame.imageOrientationPatient) &&
    hasSpacing(frame)
  );
}

function hasSpacing({ pixelSpacingMm }: FrameDescription): boolean {
  return pixelSpacingMm?.every((value) => Number.isFinite(value) && value > 0) === true;
}
