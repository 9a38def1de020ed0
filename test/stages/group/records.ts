import { createHash } from 'node:crypto';
import type { GroupOptions } from '../../../stages/group/group-series.ts';
import type {
  FrameDescription,
  HeaderEvidence,
  ImageDescription,
  InstanceRecord,
} from '../../../stages/records.ts';

export const OPTIONS: GroupOptions = {
  splitBy: ['orientation', 'image_type', 'acquisition', 'kernel', 'temporal_position'],
  exclude: [
    'localizer',
    'dose-report',
    'secondary-capture',
    'screen-save',
    'post-processed',
    'not-ct',
    'ct-fluoroscopy',
    'bolus-tracking',
    'phantom',
    'scanned-document',
  ],
  minSlices: 5,
};

export const AXIAL: FrameDescription['imageOrientationPatient'] = [1, 0, 0, 0, 1, 0];
export const CORONAL: FrameDescription['imageOrientationPatient'] = [1, 0, 0, 0, 0, -1];
export const SAGITTAL: FrameDescription['imageOrientationPatient'] = [0, 1, 0, 0, 0, -1];

export const SILENT: HeaderEvidence = {
  bodyPart: null,
  axis: null,
  contrast: null,
  kernelClass: null,
  phase: null,
  hints: [],
};

interface Made {
  record?: Partial<InstanceRecord>;
  image?: Partial<ImageDescription>;
  frame?: Partial<FrameDescription>;
}

/** A frame of a plain axial CT slice at z. */
export function makeFrame(z: number, frame: Partial<FrameDescription> = {}): FrameDescription {
  return {
    frame: 0,
    imagePositionPatient: [-250, -250, z],
    imageOrientationPatient: AXIAL,
    pixelSpacingMm: [0.8, 0.8],
    sliceThicknessMm: 5,
    rescaleSlope: 1,
    rescaleIntercept: -1024,
    rescaleType: null,
    imageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
    temporalPosition: null,
    triggerTimeMs: null,
    acquisitionRank: null,
    contentRank: null,
    acquisitionNumber: null,
    ...frame,
  };
}

/** A kept instance; its name gives its key, UID and pixels. */
export function makeRecord(name: string, z: number, made: Made = {}): InstanceRecord {
  const digest = createHash('sha256').update(name).digest('hex');
  return {
    sourceKey: digest.slice(0, 32),
    sourceBytes: 1000,
    sourceDigest: digest,
    disposition: 'kept',
    reason: null,
    rule: null,
    patientId: 'ZZPATIENT',
    studyInstanceUid: '2.25.1',
    seriesInstanceUid: '2.25.2',
    sopInstanceUid: `2.25.3.${Number.parseInt(digest.slice(0, 8), 16)}`,
    frameOfReferenceUid: '2.25.4',
    sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    modality: 'CT',
    seriesNumber: 1,
    instanceNumber: null,
    image: {
      rows: 512,
      columns: 512,
      samplesPerPixel: 1,
      photometricInterpretation: 'MONOCHROME2',
      bitsAllocated: 16,
      bitsStored: 16,
      highBit: 15,
      pixelRepresentation: 1,
      planarConfiguration: 0,
      pixelPaddingValue: null,
      frames: [makeFrame(z, made.frame)],
      pixelData: { offset: 0, length: 524288, encapsulated: false, words: true },
      pixelDigest: digest,
      spacingBetweenSlicesMm: null,
      gantryTiltDeg: null,
      reconstructionDiameterMm: null,
      kvp: 120,
      manufacturer: 'GE MEDICAL SYSTEMS',
      manufacturerModelName: null,
      convolutionKernel: 'STANDARD',
      patientPosition: 'HFS',
      burnedInAnnotation: null,
      ...made.image,
    },
    evidence: SILENT,
    outputSha256: digest,
    outputBytes: 900,
    ...made.record,
  };
}

/** Axial slices at these positions, named `prefix0`, `prefix1` ... and numbered from `firstNumber`. */
export function makeStack(
  prefix: string,
  positions: readonly number[],
  made: Made = {},
  firstNumber = 1,
): InstanceRecord[] {
  return positions.map((z, index) =>
    makeRecord(`${prefix}${index}`, z, {
      ...made,
      record: { instanceNumber: firstNumber + index, ...made.record },
    }),
  );
}

/** `count` positions from `start`, `step` apart. */
export function range(start: number, count: number, step: number): number[] {
  return Array.from({ length: count }, (_, index) => start + index * step);
}
