/** Transfer syntaxes that are read here. PS3.5 annex A, PS3.6 table A-1 */
export const TRANSFER_SYNTAXES = {
  implicitVrLittleEndian: '1.2.840.10008.1.2',
  explicitVrLittleEndian: '1.2.840.10008.1.2.1',
  deflatedExplicitVrLittleEndian: '1.2.840.10008.1.2.1.99',
  explicitVrBigEndian: '1.2.840.10008.1.2.2',
  encapsulatedUncompressed: '1.2.840.10008.1.2.1.98',
  jpegBaseline: '1.2.840.10008.1.2.4.50',
  jpegExtended: '1.2.840.10008.1.2.4.51',
  jpegLossless: '1.2.840.10008.1.2.4.57',
  jpegLosslessFirstOrder: '1.2.840.10008.1.2.4.70',
  jpegLsLossless: '1.2.840.10008.1.2.4.80',
  jpegLsNearLossless: '1.2.840.10008.1.2.4.81',
  jpeg2000Lossless: '1.2.840.10008.1.2.4.90',
  jpeg2000: '1.2.840.10008.1.2.4.91',
  htj2kLossless: '1.2.840.10008.1.2.4.201',
  htj2kLosslessRpcl: '1.2.840.10008.1.2.4.202',
  htj2k: '1.2.840.10008.1.2.4.203',
  rleLossless: '1.2.840.10008.1.2.5',
} as const;

/** SOP classes that this program tells apart. PS3.6 table A-1 */
export const SOP_CLASSES = {
  ctImageStorage: '1.2.840.10008.5.1.4.1.1.2',
  enhancedCtImageStorage: '1.2.840.10008.5.1.4.1.1.2.1',
  legacyConvertedEnhancedCtImageStorage: '1.2.840.10008.5.1.4.1.1.2.2',
  secondaryCaptureImageStorage: '1.2.840.10008.5.1.4.1.1.7',
  multiFrameSingleBitSecondaryCaptureImageStorage: '1.2.840.10008.5.1.4.1.1.7.1',
  multiFrameGrayscaleByteSecondaryCaptureImageStorage: '1.2.840.10008.5.1.4.1.1.7.2',
  multiFrameGrayscaleWordSecondaryCaptureImageStorage: '1.2.840.10008.5.1.4.1.1.7.3',
  multiFrameTrueColorSecondaryCaptureImageStorage: '1.2.840.10008.5.1.4.1.1.7.4',
  basicTextSrStorage: '1.2.840.10008.5.1.4.1.1.88.11',
  enhancedSrStorage: '1.2.840.10008.5.1.4.1.1.88.22',
  comprehensiveSrStorage: '1.2.840.10008.5.1.4.1.1.88.33',
  xRayRadiationDoseSrStorage: '1.2.840.10008.5.1.4.1.1.88.67',
  mediaStorageDirectory: '1.2.840.10008.1.3.10',
  mrImageStorage: '1.2.840.10008.5.1.4.1.1.4',
  positronEmissionTomographyImageStorage: '1.2.840.10008.5.1.4.1.1.128',
  rtStructureSetStorage: '1.2.840.10008.5.1.4.1.1.481.3',
  segmentationStorage: '1.2.840.10008.5.1.4.1.1.66.4',
  encapsulatedPdfStorage: '1.2.840.10008.5.1.4.1.1.104.1',
} as const;

/** Names of the UIDs above, for people: `CT Image Storage`. */
const NAMES = new Map<string, string>([
  ['1.2.840.10008.1.2', 'Implicit VR Little Endian'],
  ['1.2.840.10008.1.2.1', 'Explicit VR Little Endian'],
  ['1.2.840.10008.1.2.1.98', 'Encapsulated Uncompressed Explicit VR Little Endian'],
  ['1.2.840.10008.1.2.1.99', 'Deflated Explicit VR Little Endian'],
  ['1.2.840.10008.1.2.2', 'Explicit VR Big Endian'],
  ['1.2.840.10008.1.2.4.50', 'JPEG Baseline (Process 1)'],
  ['1.2.840.10008.1.2.4.51', 'JPEG Extended (Process 2 & 4)'],
  ['1.2.840.10008.1.2.4.57', 'JPEG Lossless (Process 14)'],
  ['1.2.840.10008.1.2.4.70', 'JPEG Lossless, First-Order Prediction (Process 14, Selection Value 1)'],
  ['1.2.840.10008.1.2.4.80', 'JPEG-LS Lossless'],
  ['1.2.840.10008.1.2.4.81', 'JPEG-LS Near-Lossless'],
  ['1.2.840.10008.1.2.4.90', 'JPEG 2000 (Lossless Only)'],
  ['1.2.840.10008.1.2.4.91', 'JPEG 2000'],
  ['1.2.840.10008.1.2.4.201', 'High-Throughput JPEG 2000 (Lossless Only)'],
  ['1.2.840.10008.1.2.4.202', 'High-Throughput JPEG 2000 with RPCL Options (Lossless Only)'],
  ['1.2.840.10008.1.2.4.203', 'High-Throughput JPEG 2000'],
  ['1.2.840.10008.1.2.5', 'RLE Lossless'],
  ['1.2.840.10008.5.1.4.1.1.2', 'CT Image Storage'],
  ['1.2.840.10008.5.1.4.1.1.2.1', 'Enhanced CT Image Storage'],
  ['1.2.840.10008.5.1.4.1.1.2.2', 'Legacy Converted Enhanced CT Image Storage'],
  ['1.2.840.10008.5.1.4.1.1.7', 'Secondary Capture Image Storage'],
  ['1.2.840.10008.5.1.4.1.1.7.1', 'Multi-frame Single Bit Secondary Capture Image Storage'],
  ['1.2.840.10008.5.1.4.1.1.7.2', 'Multi-frame Grayscale Byte Secondary Capture Image Storage'],
  ['1.2.840.10008.5.1.4.1.1.7.3', 'Multi-frame Grayscale Word Secondary Capture Image Storage'],
  ['1.2.840.10008.5.1.4.1.1.7.4', 'Multi-frame True Color Secondary Capture Image Storage'],
  ['1.2.840.10008.5.1.4.1.1.88.11', 'Basic Text SR Storage'],
  ['1.2.840.10008.5.1.4.1.1.88.22', 'Enhanced SR Storage'],
  ['1.2.840.10008.5.1.4.1.1.88.33', 'Comprehensive SR Storage'],
  ['1.2.840.10008.5.1.4.1.1.88.67', 'X-Ray Radiation Dose SR Storage'],
  ['1.2.840.10008.1.3.10', 'Media Storage Directory Storage'],
  ['1.2.840.10008.5.1.4.1.1.4', 'MR Image Storage'],
  ['1.2.840.10008.5.1.4.1.1.128', 'Positron Emission Tomography Image Storage'],
  ['1.2.840.10008.5.1.4.1.1.481.3', 'RT Structure Set Storage'],
  ['1.2.840.10008.5.1.4.1.1.66.4', 'Segmentation Storage'],
  ['1.2.840.10008.5.1.4.1.1.104.1', 'Encapsulated PDF Storage'],
]);

const CT = new Set<string>([
  SOP_CLASSES.ctImageStorage,
  SOP_CLASSES.enhancedCtImageStorage,
  SOP_CLASSES.legacyConvertedEnhancedCtImageStorage,
]);
const SECONDARY_CAPTURE = new Set<string>([
  SOP_CLASSES.secondaryCaptureImageStorage,
  SOP_CLASSES.multiFrameSingleBitSecondaryCaptureImageStorage,
  SOP_CLASSES.multiFrameGrayscaleByteSecondaryCaptureImageStorage,
  SOP_CLASSES.multiFrameGrayscaleWordSecondaryCaptureImageStorage,
  SOP_CLASSES.multiFrameTrueColorSecondaryCaptureImageStorage,
]);
const LOSSY = new Set<string>([
  TRANSFER_SYNTAXES.jpegBaseline,
  TRANSFER_SYNTAXES.jpegExtended,
  TRANSFER_SYNTAXES.jpegLsNearLossless,
  TRANSFER_SYNTAXES.jpeg2000,
  TRANSFER_SYNTAXES.htj2k,
]);
const KNOWN = new Set<string>(Object.values(TRANSFER_SYNTAXES));

/** CT, Enhanced CT or Legacy Converted Enhanced CT Image Storage. */
export function isCtImageStorage(uid: string | undefined | null): boolean {
  return uid != null && CT.has(uid);
}

/** Enhanced or Legacy Converted Enhanced CT: frames with functional groups. */
export function isMultiFrameCtImageStorage(uid: string | undefined | null): boolean {
  return isCtImageStorage(uid) && uid !== SOP_CLASSES.ctImageStorage;
}

/** Secondary Capture in any of its five classes. */
export function isSecondaryCaptureImageStorage(uid: string | undefined | null): boolean {
  return uid != null && SECONDARY_CAPTURE.has(uid);
}

/** Any Structured Report class (1.2.840.10008.5.1.4.1.1.88.x), dose reports among them. */
export function isStructuredReportStorage(uid: string | undefined | null): boolean {
  return uid?.startsWith('1.2.840.10008.5.1.4.1.1.88.') ?? false;
}

/** Pixels of this syntax may differ from those that were encoded. */
export function isLossy(transferSyntaxUid: string): boolean {
  return LOSSY.has(transferSyntaxUid);
}

/** Pixels of this syntax can be decoded here. */
export function isSupportedTransferSyntax(transferSyntaxUid: string): boolean {
  return KNOWN.has(transferSyntaxUid);
}

/** The UID is one of the standard's own (root 1.2.840.10008): the same in everybody's files, and so kept as it is. */
export function isStandardUid(uid: string): boolean {
  return uid.startsWith('1.2.840.10008.') && isValidUid(uid);
}

/** At most 64 characters, components of digits without leading zeros. PS3.5 section 9.1 */
export function isValidUid(uid: string): boolean {
  return uid.length <= 64 && /^(0|[1-9]\d*)(\.(0|[1-9]\d*))+$/.test(uid);
}

/** The name of a well-known UID, or undefined. */
export function nameOfUid(uid: string): string | undefined {
  return NAMES.get(uid);
}
