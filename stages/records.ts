/**
 * The nouns that stages exchange. From `deidentify` on they hold pseudonyms, numbers and closed vocabularies alone:
 * no path, no identifier and no free text of the source.
 */
import type { Axis, BodyPart, Contrast } from '../models/labels.ts';
import type { Disposition, Reason } from './reasons.ts';
import type { RuleName } from './rules.ts';

/** Where the bytes of one source file are. Private: paths identify people. Only `discover` and `deidentify` see it. */
export interface SourceEntry {
  /** Keyed hash of path (relative to the input) and member name: 32 hexadecimal digits. */
  sourceKey: string;
  /** Path relative to the input folder with forward slashes, one character a byte (latin1): any name survives. */
  path: string;
  /** Name of the member when `path` is an archive. */
  member: string | null;
  bytes: number;
  mtimeMs: number;
  /** What a store that keeps such a thing says of the content: other bytes, another tag. */
  tag?: string;
  /** Why the bytes cannot be had, when listing already knows it. */
  problem: Reason | null;
  /** The bytes came from a PACS and lie in the private state; `path` names them by their UIDs. */
  isRetrieved?: true;
}

/** A pixel grid in the patient's coordinates. Frames of a multi-frame image take the place of instances. */
export interface FrameDescription {
  /** 0-based index within the instance. */
  frame: number;
  /** Image Position (Patient), mm: centre of the first voxel. PS3.3 C.7.6.2.1.1 */
  imagePositionPatient: [number, number, number] | null;
  /** Image Orientation (Patient): direction of a row, then of a column. */
  imageOrientationPatient: [number, number, number, number, number, number] | null;
  /** Between rows, then between columns, mm. PS3.3 10.7.1.3 */
  pixelSpacingMm: [number, number] | null;
  sliceThicknessMm: number | null;
  rescaleSlope: number | null;
  rescaleIntercept: number | null;
  /** `HU`, another defined term of PS3.3 C.11.1.1.2, `OTHER`, or null when the header is silent. */
  rescaleType: string | null;
  /** Image Type, or Frame Type of a multi-frame image; terms outside the standard's and vendors' list read `OTHER`. */
  imageType: string[];
  /** Temporal Position Index, or the cardiac phase in percent; null when neither is given. */
  temporalPosition: number | null;
  /** Trigger Time, or Nominal Cardiac Trigger Delay Time of a frame: since the R wave, ms. */
  triggerTimeMs: number | null;
  acquisitionNumber: number | null;
  /** Place of the frame's acquisition time among those of its series, from 0; equal times share one. Never a time. */
  acquisitionRank: number | null;
  /** The same of the content time. */
  contentRank: number | null;
}

/** What an image is, in the standard's terms, after de-identification. */
export interface ImageDescription {
  rows: number;
  columns: number;
  samplesPerPixel: number;
  photometricInterpretation: string;
  bitsAllocated: number;
  bitsStored: number;
  highBit: number;
  /** 0 unsigned, 1 two's complement. */
  pixelRepresentation: 0 | 1;
  planarConfiguration: number;
  pixelPaddingValue: number | null;
  frames: FrameDescription[];
  /** Value field of Pixel Data (7FE0,0010) in the de-identified file, bytes. */
  pixelData: {
    offset: number;
    length: number;
    encapsulated: boolean;
    /** Its VR is OW: in big endian files even bytes of 8 bits are swapped in pairs then. PS3.5 section 8.1.2 */
    words: boolean;
  };
  /** Keyed digest of the pixel data's value field, to tell equal pixels; empty where it was not computed. */
  pixelDigest: string;
  spacingBetweenSlicesMm: number | null;
  /** Gantry/Detector Tilt of the header, degrees. */
  gantryTiltDeg: number | null;
  /** Reconstruction Diameter, mm. */
  reconstructionDiameterMm: number | null;
  kvp: number | null;
  /** Through closed vocabularies: null when silent, `other` when not in the vocabulary. */
  manufacturer: string | null;
  manufacturerModelName: string | null;
  convolutionKernel: string | null;
  patientPosition: string | null;
  /** The header's own word, `yes` or `no`, or null. */
  burnedInAnnotation: 'yes' | 'no' | null;
}

/** Signs in the header that an image is not one to learn from; the group stage weighs them. */
export type ExclusionHint =
  | 'localizer'
  | 'dose-report'
  | 'screen-save'
  | 'scanned-document'
  | 'mip'
  | 'volume-rendering'
  | 'perfusion'
  | 'subtraction'
  | 'fluoroscopy'
  | 'bolus-tracking'
  | 'phantom'
  | 'calibration'
  /** The standard's own flags, which geometry does not outweigh. */
  | 'acquired-localizer'
  | 'flagged-fluoroscopy'
  | 'flagged-phantom'
  | 'calculated-projection'
  | 'calculated-rendering'
  /** By pixels, not by the header. */
  | 'text-page';

/** What the header's words claim, in the label vocabulary. Computed before free text is dropped; null: silent. */
export interface HeaderEvidence {
  bodyPart: BodyPart | null;
  axis: Axis | null;
  contrast: Contrast | null;
  kernelClass: 'soft' | 'bone' | 'lung' | null;
  phase: 'non-contrast' | 'arterial' | 'portal-venous' | 'delayed' | null;
  hints: ExclusionHint[];
}

/** One source file after `deidentify`. */
export interface InstanceRecord {
  sourceKey: string;
  sourceBytes: number;
  /** Keyed digest of the content, 64 hexadecimal digits; null when the file could not be read. */
  sourceDigest: string | null;
  disposition: Disposition;
  reason: Reason | null;
  /** The rule behind the reason, where it is finer than the reason's own. */
  rule: RuleName | null;
  /** Pseudonyms; null where the source has no such identifier. */
  patientId: string | null;
  studyInstanceUid: string | null;
  seriesInstanceUid: string | null;
  sopInstanceUid: string | null;
  frameOfReferenceUid: string | null;
  /** UIDs of the standard, or null: a private UID is not repeated. */
  sopClassUid: string | null;
  transferSyntaxUid: string | null;
  /** Defined term of PS3.3 C.7.3.1.1.1 or null. */
  modality: string | null;
  seriesNumber: number | null;
  instanceNumber: number | null;
  image: ImageDescription | null;
  evidence: HeaderEvidence | null;
  /** Of the de-identified file; null when none was written. */
  outputSha256: string | null;
  outputBytes: number | null;
}

/** A slice of a stack: an instance and one of its frames. */
export interface SliceReference {
  sopInstanceUid: string;
  frame: number;
  /** Distance along the stack's normal from the first slice, mm. */
  positionMm: number;
}

/** What told passes over the same positions apart, the surest first. */
export type PassEvidence =
  | 'temporal-position'
  | 'trigger-time'
  | 'acquisition-number'
  | 'acquisition-time'
  | 'content-time'
  | 'instance-number';

/** How even a stack is. Lengths in mm along its normal. */
export interface StackConsistency {
  /** Steps between neighbouring slices in their order, equal ones in a row counted together. */
  spacingRuns: { spacingMm: number; steps: number }[];
  spacingMinMm: number | null;
  spacingMaxMm: number | null;
  /** Where missing slices would lie, from the first slice; null where the spacing is irregular otherwise too. */
  gapPositionsMm: number[] | null;
  /** Median of the header's Slice Thickness. */
  sliceThicknessMm: number | null;
  /** Thickness less spacing: positive where neighbours overlap, negative where something lies between them. */
  sliceOverlapMm: number | null;
  /** Whether slices differ in Rescale Slope or Intercept; each is read with its own. */
  rescaleMixed: boolean;
  frameOfReferenceCount: number;
  /** Clockwise turn of the matrix against the usual view of its plane, after a mirrored one is put right. */
  inPlaneRotationDeg: number;
  /** Whether the matrix is the mirror image of the usual view. */
  matrixMirrored: boolean;
}

/** One geometrically coherent stack that gets one set of labels. */
export interface SeriesUnit {
  /** `su` and 24 hexadecimal digits: a digest of the pseudonymous series and of what tells its units apart. */
  seriesUnit: string;
  patientId: string;
  studyInstanceUid: string;
  seriesInstanceUid: string;
  modality: string | null;
  disposition: Disposition;
  reason: Reason | null;
  /** The rule behind the reason and the values it rests on (`name=value`); null and empty when kept. */
  rule: RuleName | null;
  ruleEvidence: string[];
  /** Slices: frames of a multi-frame image take the place of instances. */
  instanceCount: number;
  /** Ordered as bundles expect: axial head to foot, coronal front to back, sagittal patient's right to left. */
  slices: SliceReference[];
  rows: number | null;
  columns: number | null;
  pixelSpacingMm: [number, number] | null;
  sliceSpacingMm: number | null;
  sliceSpacingRegular: boolean | null;
  sliceGapCount: number | null;
  gantryTiltDeg: number | null;
  imageOrientationPatient: number[] | null;
  axisGeometry: Axis | null;
  coverageMm: number | null;
  consistency: StackConsistency | null;
  /** Which of several passes over one range the unit is, in order, and what told them apart. */
  pass: { number: number; count: number; by: PassEvidence } | null;
  /** Slices that were taken out of the stack: odd ones, and others at a taken position. */
  removedSliceCount: number;
  manufacturer: string | null;
  manufacturerModelName: string | null;
  convolutionKernel: string | null;
  kvp: number | null;
  evidence: HeaderEvidence | null;
}

/** The verdict of `group` on one source file. */
export interface InstanceVerdict {
  sourceKey: string;
  disposition: Disposition;
  reason: Reason | null;
  /** The rule behind the reason and the values it rests on (`name=value`); null and empty when kept. */
  rule: RuleName | null;
  ruleEvidence: string[];
  /** Key of the unit that holds the instance (or its first frame), kept or not; null when in none. */
  seriesUnit: string | null;
}
