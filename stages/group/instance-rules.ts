import type { Reason } from '../reasons.ts';
import type { ExclusionHint, FrameDescription, InstanceRecord } from '../records.ts';
import { axisOfOrientation, isValidOrientation } from './geometry.ts';
import { hasImageTypeTerm, hintsOfImageType } from './image-type.ts';
import type { ExclusionRule } from './options.ts';

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
): Reason | null {
  const hints = new Set<ExclusionHint>(record.evidence?.hints ?? []);
  const typed = new Set<ExclusionHint>(
    record.image?.frames.flatMap((frame) => hintsOfImageType(frame.imageType)) ?? [],
  );
  const says = (hint: ExclusionHint) => hints.has(hint) || typed.has(hint);
  const rule = (name: ExclusionRule) => exclude.has(name);
  const sopClass = record.sopClassUid ?? '';

  if (rule('dose-report') && (DOSE_REPORTS.has(sopClass) || says('dose-report'))) return 'dose-report';
  if (rule('screen-save') && says('screen-save')) return 'screen-save';
  if (rule('scanned-document') && says('scanned-document')) return 'secondary-capture';
  const isSecondaryCapture = sopClass === SECONDARY_CAPTURE || sopClass.startsWith(`${SECONDARY_CAPTURE}.`);
  if (rule('secondary-capture') && isSecondaryCapture) return 'secondary-capture';
  // Without pixels of a CT there is nothing to group, whatever the pipeline asks for.
  if (record.image === null) return 'not-ct';
  if (rule('not-ct') && !isCt(record)) return 'not-ct';

  // Words alone may lie about a series: they count unless its geometry is that of a scan.
  const isScan = facts.positions >= minSlices && record.image.frames.every(isAxialSlice);
  if (rule('localizer') && (typed.has('localizer') || (hints.has('localizer') && !isScan)))
    return 'localizer';
  const tracking =
    typed.has('bolus-tracking') || (hints.has('bolus-tracking') && facts.positions < minSlices);
  if (rule('bolus-tracking') && tracking) return 'bolus-tracking';
  if (rule('ct-fluoroscopy') && says('fluoroscopy')) return 'ct-fluoroscopy';
  const rendered: ExclusionHint[] = ['mip', 'volume-rendering', 'perfusion', 'subtraction'];
  if (rule('post-processed') && (rendered.some(says) || record.image.samplesPerPixel > 1))
    return 'post-processed';
  if (rule('phantom') && (says('phantom') || says('calibration'))) return 'phantom';
  return null;
}

function isCt(record: InstanceRecord): boolean {
  const modalityFits = record.modality === 'CT' || record.modality === null;
  return modalityFits && record.sopClassUid !== null && CT_CLASSES.has(record.sopClassUid);
}

function isAxialSlice({ imageOrientationPatient, imageType }: FrameDescription): boolean {
  return hasImageTypeTerm(imageType, 'AXIAL') && axisOfOrientation(imageOrientationPatient) === 'axial';
}

/** Why an instance cannot be placed in the patient or read in Hounsfield units, or null. */
export function quarantineInstance(record: InstanceRecord): Reason | null {
  const frames = record.image?.frames ?? [];
  if (frames.length === 0) return 'pixel-data-missing';
  if (frames.some((frame) => !hasRescale(frame))) return 'rescale-missing';
  if (frames.some(({ rescaleType }) => rescaleType !== null && rescaleType !== 'HU')) return 'rescale-not-hu';
  if (frames.some((frame) => !hasGeometry(frame))) return 'geometry-missing';
  return null;
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

function hasGeometry({
  imagePositionPatient,
  imageOrientationPatient,
  pixelSpacingMm,
}: FrameDescription): boolean {
  return (
    imagePositionPatient?.every(Number.isFinite) === true &&
    isValidOrientation(imageOrientationPatient) &&
    pixelSpacingMm?.every((value) => Number.isFinite(value) && value > 0) === true
  );
}
