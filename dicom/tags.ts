import { DICTIONARY_ROWS } from './dictionary.generated.ts';

/** A row of the data dictionary. PS3.6 chapters 6 to 8, PS3.7 annex E */
export interface DictionaryEntry {
  keyword: string;
  /** The only or the first VR; see `vrs`. */
  vr: string;
  /** More than one where the standard says "US or SS", "OB or OW". */
  vrs: readonly string[];
  /** Value Multiplicity, as the standard writes it: `1`, `1-n`, `3`. */
  vm: string;
}

interface Dictionary {
  exact: Map<number, DictionaryEntry>;
  repeating: { mask: number; bits: number; entry: DictionaryEntry }[];
  tags: Map<string, number>;
}

let dictionary: Dictionary | undefined;

/** Parsed on first use (5,000 rows, some milliseconds): most programs that import this folder read files. */
function loadDictionary(): Dictionary {
  if (dictionary !== undefined) return dictionary;
  const loaded: Dictionary = { exact: new Map(), repeating: [], tags: new Map() };
  for (const row of DICTIONARY_ROWS.split('\n')) {
    const [pattern, vr, vm, keyword] = row.split(' ') as [string, string, string, string];
    const vrs = vr.split('/');
    const entry: DictionaryEntry = { keyword, vr: vrs[0]!, vrs, vm };
    if (pattern.includes('x')) {
      const mask = Number.parseInt(pattern.replace(/[^x]/g, 'F').replaceAll('x', '0'), 16);
      loaded.repeating.push({ mask, bits: Number.parseInt(pattern.replaceAll('x', '0'), 16), entry });
    } else {
      const number = Number.parseInt(pattern, 16);
      loaded.exact.set(number, entry);
      loaded.tags.set(keyword, number);
    }
  }
  dictionary = loaded;
  return loaded;
}

/** The dictionary's entry of a tag, repeating groups (overlays, curves) included; undefined for private and unknown. */
export function lookUpTag(tagNumber: number): DictionaryEntry | undefined {
  const { exact, repeating } = loadDictionary();
  const found = exact.get(tagNumber);
  if (found !== undefined || isPrivateTag(tagNumber)) return found;
  return repeating.find(({ mask, bits }) => (tagNumber & mask) >>> 0 === bits)?.entry;
}

/**
 * The tag of a keyword: `tag('PatientID')` is 0x00100020.
 * @throws RangeError for a word that PS3.6 does not have: a mistake in the program, never in the data
 */
export function tag(keyword: string): number {
  const found = loadDictionary().tags.get(keyword);
  if (found === undefined) throw new RangeError(`no such keyword in PS3.6: ${keyword}`);
  return found;
}

/** Every keyword of the dictionary, those of repeating groups included. */
export function allKeywords(): string[] {
  const { tags, repeating } = loadDictionary();
  return [...tags.keys(), ...repeating.map(({ entry }) => entry.keyword)];
}

/** The tag of a keyword whatever its case, the first one of a repeating group; undefined for an unknown word. */
export function findTag(keyword: string): number | undefined {
  const { tags, repeating } = loadDictionary();
  const word = keyword.toLowerCase();
  for (const [known, number] of tags) if (known.toLowerCase() === word) return number;
  return repeating.find(({ entry }) => entry.keyword.toLowerCase() === word)?.bits;
}

/** The keyword of a tag, or undefined. */
export function keywordOf(tagNumber: number): string | undefined {
  return lookUpTag(tagNumber)?.keyword;
}

/** `(0010,0020)` */
export function formatTag(tagNumber: number): string {
  const digits = (tagNumber >>> 0).toString(16).toUpperCase().padStart(8, '0');
  return `(${digits.slice(0, 4)},${digits.slice(4)})`;
}

/** Reads `(0010,0020)`, `0010,0020` or `00100020`; undefined for anything else. */
export function parseTag(text: string): number | undefined {
  const match = /^\(?([0-9a-f]{4}),?([0-9a-f]{4})\)?$/i.exec(text);
  return match === null ? undefined : Number.parseInt(`${match[1]}${match[2]}`, 16);
}

/** Odd groups are private. PS3.5 section 7.8 */
export function isPrivateTag(tagNumber: number): boolean {
  return ((tagNumber >>> 16) & 1) === 1;
}

/** Private Creator elements (gggg,0010-00FF) reserve a block. PS3.5 section 7.8.1 */
export function isPrivateCreatorTag(tagNumber: number): boolean {
  const element = tagNumber & 0xffff;
  return isPrivateTag(tagNumber) && element >= 0x10 && element <= 0xff;
}

/** Tags that this program asks for by name, as constants. Everything else goes through `tag()`. */
export const TAGS = {
  FileMetaInformationGroupLength: 0x00020000,
  MediaStorageSOPClassUID: 0x00020002,
  MediaStorageSOPInstanceUID: 0x00020003,
  TransferSyntaxUID: 0x00020010,
  ImplementationClassUID: 0x00020012,
  SpecificCharacterSet: 0x00080005,
  ImageType: 0x00080008,
  SOPClassUID: 0x00080016,
  SOPInstanceUID: 0x00080018,
  StudyDate: 0x00080020,
  StudyTime: 0x00080030,
  AccessionNumber: 0x00080050,
  Modality: 0x00080060,
  ConversionType: 0x00080064,
  Manufacturer: 0x00080070,
  StudyDescription: 0x00081030,
  SeriesDescription: 0x0008103e,
  ManufacturerModelName: 0x00081090,
  PatientName: 0x00100010,
  PatientID: 0x00100020,
  IssuerOfPatientID: 0x00100021,
  PatientAge: 0x00101010,
  ContrastBolusAgent: 0x00180010,
  BodyPartExamined: 0x00180015,
  SliceThickness: 0x00180050,
  KVP: 0x00180060,
  SpacingBetweenSlices: 0x00180088,
  ProtocolName: 0x00181030,
  ReconstructionDiameter: 0x00181100,
  GantryDetectorTilt: 0x00181120,
  ConvolutionKernel: 0x00181210,
  PatientPosition: 0x00185100,
  StudyInstanceUID: 0x0020000d,
  SeriesInstanceUID: 0x0020000e,
  StudyID: 0x00200010,
  SeriesNumber: 0x00200011,
  AcquisitionNumber: 0x00200012,
  InstanceNumber: 0x00200013,
  ImagePositionPatient: 0x00200032,
  ImageOrientationPatient: 0x00200037,
  FrameOfReferenceUID: 0x00200052,
  TemporalPositionIndex: 0x00209128,
  SamplesPerPixel: 0x00280002,
  PhotometricInterpretation: 0x00280004,
  PlanarConfiguration: 0x00280006,
  NumberOfFrames: 0x00280008,
  Rows: 0x00280010,
  Columns: 0x00280011,
  PixelSpacing: 0x00280030,
  BitsAllocated: 0x00280100,
  BitsStored: 0x00280101,
  HighBit: 0x00280102,
  PixelRepresentation: 0x00280103,
  PixelPaddingValue: 0x00280120,
  BurnedInAnnotation: 0x00280301,
  RescaleIntercept: 0x00281052,
  RescaleSlope: 0x00281053,
  RescaleType: 0x00281054,
  SharedFunctionalGroupsSequence: 0x52009229,
  PerFrameFunctionalGroupsSequence: 0x52009230,
  ExtendedOffsetTable: 0x7fe00001,
  ExtendedOffsetTableLengths: 0x7fe00002,
  FloatPixelData: 0x7fe00008,
  DoubleFloatPixelData: 0x7fe00009,
  PixelData: 0x7fe00010,
  DataSetTrailingPadding: 0xfffcfffc,
  Item: 0xfffee000,
  ItemDelimitationItem: 0xfffee00d,
  SequenceDelimitationItem: 0xfffee0dd,
} as const;
