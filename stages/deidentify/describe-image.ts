/** What an image is, read from the header that is already de-identified: nothing else of the source can get in here. */
import type { DicomDataset, DicomFile } from '../../dicom/read.ts';
import { TAGS, tag } from '../../dicom/tags.ts';
import { getItems, getNumber, getNumbers, getString, getStrings } from '../../dicom/values.ts';
import type { FrameDescription, ImageDescription } from '../records.ts';
import { OTHER } from './grammars.ts';

/** Where pixel data lies in the output, and its digest. */
export interface PixelPlace {
  pixelData: ImageDescription['pixelData'];
  pixelDigest: string;
}

const FRAME_CONTENT = tag('FrameContentSequence');
const PLANE_POSITION = tag('PlanePositionSequence');
const PLANE_ORIENTATION = tag('PlaneOrientationSequence');
const PIXEL_MEASURES = tag('PixelMeasuresSequence');
const PIXEL_VALUE_TRANSFORMATION = tag('PixelValueTransformationSequence');
const CT_IMAGE_FRAME_TYPE = tag('CTImageFrameTypeSequence');
const CT_RECONSTRUCTION = tag('CTReconstructionSequence');
const CT_ACQUISITION_DETAILS = tag('CTAcquisitionDetailsSequence');
const CT_X_RAY_DETAILS = tag('CTXRayDetailsSequence');
const CARDIAC_SYNCHRONIZATION = tag('CardiacSynchronizationSequence');
const FRAME_TYPE = tag('FrameType');
const FRAME_ACQUISITION_NUMBER = tag('FrameAcquisitionNumber');
const TEMPORAL_POSITION_IDENTIFIER = tag('TemporalPositionIdentifier');
const CARDIAC_PHASE = tag('NominalPercentageOfCardiacPhase');
const TRIGGER_TIME = tag('TriggerTime');
const TRIGGER_DELAY_TIME = tag('NominalCardiacTriggerDelayTime');
const MAX_FRAMES = 100_000;

/**
 * Describes a CT image of one of the three classes.
 * @param header the de-identified header, parsed
 * @returns null where the pixel grid itself is not described (Rows, Columns, bits …), or where its values are indices of
 *   colours, which CT does not have (PS3.3 C.8.2.1.1.3)
 */
export function describeImage(
  header: DicomFile,
  isMultiFrame: boolean,
  place: PixelPlace,
): ImageDescription | null {
  const { dataset } = header;
  const number = (key: number): number | null => getNumber(header, dataset, key) ?? null;
  const text = (key: number): string | null => getString(header, dataset, key) ?? null;
  const rows = number(TAGS.Rows);
  const columns = number(TAGS.Columns);
  const samplesPerPixel = number(TAGS.SamplesPerPixel);
  const photometricInterpretation = text(TAGS.PhotometricInterpretation);
  const bitsAllocated = number(TAGS.BitsAllocated);
  const bitsStored = number(TAGS.BitsStored);
  const highBit = number(TAGS.HighBit);
  const pixelRepresentation = number(TAGS.PixelRepresentation);
  const frameCount = number(TAGS.NumberOfFrames) ?? 1;
  if (
    rows === null ||
    columns === null ||
    samplesPerPixel === null ||
    photometricInterpretation === null ||
    photometricInterpretation === 'PALETTE COLOR' ||
    bitsAllocated === null ||
    bitsStored === null ||
    highBit === null ||
    (pixelRepresentation !== 0 && pixelRepresentation !== 1) ||
    bitsStored > bitsAllocated ||
    highBit >= bitsAllocated ||
    frameCount < 1 ||
    frameCount > MAX_FRAMES
  ) {
    return null;
  }
  const frames = isMultiFrame
    ? describeFrames(header, frameCount)
    : Array.from({ length: frameCount }, (_, frame) => describeClassicFrame(header, frame));
  const shared = firstItemOf(dataset, TAGS.SharedFunctionalGroupsSequence);
  const perFrame = firstItemOf(dataset, TAGS.PerFrameFunctionalGroupsSequence);
  /** Of the data set, or of the functional group that took its place. */
  const placed = (sequence: number): DicomDataset[] =>
    [dataset, firstItemOf(perFrame, sequence), firstItemOf(shared, sequence)].filter((item) => item !== null);
  const numberIn = (sequence: number, key: number): number | null =>
    firstOf(placed(sequence), (item) => getNumber(header, item, key));
  const wordIn = (sequence: number, key: number): string | null =>
    lowerOther(firstOf(placed(sequence), (item) => getStrings(header, item, key).join('\\') || undefined));
  const burnedIn = text(TAGS.BurnedInAnnotation);
  return {
    rows,
    columns,
    samplesPerPixel,
    photometricInterpretation,
    bitsAllocated,
    bitsStored,
    highBit,
    pixelRepresentation,
    planarConfiguration: number(TAGS.PlanarConfiguration) ?? 0,
    pixelPaddingValue: signed(number(TAGS.PixelPaddingValue), pixelRepresentation),
    frames,
    pixelData: place.pixelData,
    pixelDigest: place.pixelDigest,
    spacingBetweenSlicesMm: numberIn(PIXEL_MEASURES, TAGS.SpacingBetweenSlices),
    gantryTiltDeg: numberIn(CT_ACQUISITION_DETAILS, TAGS.GantryDetectorTilt),
    reconstructionDiameterMm: numberIn(CT_RECONSTRUCTION, TAGS.ReconstructionDiameter),
    kvp: numberIn(CT_X_RAY_DETAILS, TAGS.KVP),
    manufacturer: lowerOther(text(TAGS.Manufacturer)),
    manufacturerModelName: lowerOther(text(TAGS.ManufacturerModelName)),
    convolutionKernel: wordIn(CT_RECONSTRUCTION, TAGS.ConvolutionKernel),
    patientPosition: text(TAGS.PatientPosition),
    burnedInAnnotation: burnedIn === 'YES' ? 'yes' : burnedIn === 'NO' ? 'no' : null,
  };
}

function describeClassicFrame(header: DicomFile, frame: number): FrameDescription {
  const { dataset } = header;
  return frameFrom(header, frame, {
    position: dataset,
    orientation: dataset,
    measures: dataset,
    transformation: dataset,
    imageType: getStrings(header, dataset, TAGS.ImageType),
    temporalPosition:
      getNumber(header, dataset, TEMPORAL_POSITION_IDENTIFIER) ??
      getNumber(header, dataset, TAGS.TemporalPositionIndex) ??
      getNumber(header, dataset, CARDIAC_PHASE) ??
      null,
    triggerTimeMs: getNumber(header, dataset, TRIGGER_TIME) ?? null,
    acquisitionNumber: getNumber(header, dataset, TAGS.AcquisitionNumber) ?? null,
  });
}

/** Functional groups of the frame, else the shared ones. PS3.3 C.7.6.16 */
function describeFrames(header: DicomFile, frameCount: number): FrameDescription[] {
  const { dataset } = header;
  const shared = firstItemOf(dataset, TAGS.SharedFunctionalGroupsSequence);
  const perFrame = getItems(dataset, TAGS.PerFrameFunctionalGroupsSequence);
  return Array.from({ length: frameCount }, (_, frame) => {
    const own = perFrame[frame]?.dataset ?? null;
    const group = (sequence: number) => firstItemOf(own, sequence) ?? firstItemOf(shared, sequence);
    const content = firstItemOf(own, FRAME_CONTENT);
    const cardiac = group(CARDIAC_SYNCHRONIZATION);
    const frameType = group(CT_IMAGE_FRAME_TYPE);
    return frameFrom(header, frame, {
      position: group(PLANE_POSITION),
      orientation: group(PLANE_ORIENTATION),
      measures: group(PIXEL_MEASURES),
      transformation: group(PIXEL_VALUE_TRANSFORMATION),
      imageType:
        frameType === null
          ? getStrings(header, dataset, TAGS.ImageType)
          : getStrings(header, frameType, FRAME_TYPE),
      temporalPosition:
        numberOf(header, content, TAGS.TemporalPositionIndex) ?? numberOf(header, cardiac, CARDIAC_PHASE),
      triggerTimeMs: numberOf(header, cardiac, TRIGGER_DELAY_TIME),
      acquisitionNumber: numberOf(header, content, FRAME_ACQUISITION_NUMBER),
    });
  });
}

interface FrameSources {
  position: DicomDataset | null;
  orientation: DicomDataset | null;
  measures: DicomDataset | null;
  transformation: DicomDataset | null;
  imageType: string[];
  temporalPosition: number | null;
  triggerTimeMs: number | null;
  acquisitionNumber: number | null;
}

function frameFrom(header: DicomFile, frame: number, sources: FrameSources): FrameDescription {
  const { position, orientation, measures, transformation } = sources;
  const rescaleType =
    transformation === null ? undefined : getString(header, transformation, TAGS.RescaleType);
  return {
    frame,
    imagePositionPatient: numbersOf(header, position, TAGS.ImagePositionPatient, 3) as
      | [number, number, number]
      | null,
    imageOrientationPatient: numbersOf(header, orientation, TAGS.ImageOrientationPatient, 6) as
      | [number, number, number, number, number, number]
      | null,
    pixelSpacingMm: numbersOf(header, measures, TAGS.PixelSpacing, 2) as [number, number] | null,
    sliceThicknessMm: numberOf(header, measures, TAGS.SliceThickness),
    rescaleSlope: numberOf(header, transformation, TAGS.RescaleSlope),
    rescaleIntercept: numberOf(header, transformation, TAGS.RescaleIntercept),
    rescaleType: rescaleType ?? null,
    imageType: sources.imageType,
    temporalPosition: sources.temporalPosition,
    triggerTimeMs: sources.triggerTimeMs,
    acquisitionNumber: sources.acquisitionNumber,
    // Known once all instances of the series are: see rank-times.ts.
    acquisitionRank: null,
    contentRank: null,
  };
}

function firstItemOf(dataset: DicomDataset | null, sequence: number): DicomDataset | null {
  return dataset === null ? null : (getItems(dataset, sequence)[0]?.dataset ?? null);
}

function numberOf(header: DicomFile, dataset: DicomDataset | null, key: number): number | null {
  return dataset === null ? null : (getNumber(header, dataset, key) ?? null);
}

function numbersOf(
  header: DicomFile,
  dataset: DicomDataset | null,
  key: number,
  count: number,
): number[] | null {
  const numbers = dataset === null ? undefined : getNumbers(header, dataset, key);
  return numbers?.length === count ? numbers : null;
}

function firstOf<T>(items: readonly DicomDataset[], read: (item: DicomDataset) => T | undefined): T | null {
  for (const item of items) {
    const value = read(item);
    if (value !== undefined) return value;
  }
  return null;
}

/** `US or SS` in an implicit VR data set reads as unsigned; Pixel Representation decides. PS3.3 C.7.5.1.1.2 */
function signed(value: number | null, pixelRepresentation: 0 | 1): number | null {
  if (value === null) return null;
  if (pixelRepresentation === 1 && value > 0x7fff) return value - 0x1_0000;
  return pixelRepresentation === 0 && value < 0 ? value + 0x1_0000 : value;
}

function lowerOther(word: string | null): string | null {
  return word === OTHER ? 'other' : word;
}
