import { createHash } from 'node:crypto';
import {
  concatBytes,
  type Encoding,
  encodeFileMeta,
  encodeHeader,
  type FileMetaFields,
} from '../../dicom/encode.ts';
import { DicomError } from '../../dicom/errors.ts';
import { type DicomElement, type DicomFile, readDicom } from '../../dicom/read.ts';
import { remember } from '../../dicom/remember.ts';
import { TAGS } from '../../dicom/tags.ts';
import {
  isMultiFrameCtImageStorage,
  isSupportedTransferSyntax,
  TRANSFER_SYNTAXES,
} from '../../dicom/uids.ts';
import { getNumber, getString, getText, hasWrittenVr, valueBytes } from '../../dicom/values.ts';
import { describeHeaders, type HeaderWords } from '../evidence/header-evidence.ts';
import { dispositionOf, type Reason } from '../reasons.ts';
import type { InstanceRecord } from '../records.ts';
import { type RuleName, reasonOfRule } from '../rules.ts';
import { checkPixelBytes, checkPixelLength, hasTrueOffsetTables } from './check-pixels.ts';
import { completeHeader } from './complete-header.ts';
import { excludeByClass, isDicomdir, sopClassOf, validUid } from './decide-instance.ts';
import { describeImage } from './describe-image.ts';
import { describeUnreadable } from './describe-unreadable.ts';
import { filterDataset } from './filter-dataset.ts';
import { readHeaderWords } from './header-words.ts';
import type { ResolvedProfile } from './profile.ts';
import { TERMS } from './profiles/terms.ts';
import type { Pseudonymizer } from './pseudonyms.ts';
import { type FrameTimes, readTimes } from './read-times.ts';
import { isStandardUid } from './standard-uids.ts';

export interface DeidentifyOptions {
  profile: ResolvedProfile;
  pseudonymizer: Pseudonymizer;
  /** Keyed hash of path and member, for the record. */
  sourceKey: string;
}

/** A source file after this stage. */
export interface DeidentifiedInstance {
  record: InstanceRecord;
  /** The file to write, as pieces that follow each other; Pixel Data is a view into the source. Null: none. */
  output: Uint8Array[] | null;
  /** When each frame was made, to order the frames of a series; empty where there is no image. Private. */
  times: FrameTimes[];
}

/** A UID of ours (2.25, from a fixed random UUID), which says which program wrote a file. PS3.7 annex D.3.3.2 */
const IMPLEMENTATION_CLASS_UID = '2.25.296840318561472183045093127740251804117';
const IMPLEMENTATION_VERSION_NAME = 'SERIESWISE_1';

/** A File Meta that names this program. */
export function encodeMeta(
  fields: Pick<FileMetaFields, 'sopClassUid' | 'sopInstanceUid' | 'transferSyntaxUid'>,
): Uint8Array {
  return encodeFileMeta({
    ...fields,
    implementationClassUid: IMPLEMENTATION_CLASS_UID,
    implementationVersionName: IMPLEMENTATION_VERSION_NAME,
  });
}

/**
 * De-identifies one file and decides what can be decided from it alone. Kept elements, Pixel Data and its
 * encapsulation are equal to the source to the byte. Same bytes, profile and key give the same output.
 *
 * Never throws for what is in the file: a file that cannot be used has a reason, and no output.
 */
export function deidentifyInstance(bytes: Uint8Array, options: DeidentifyOptions): DeidentifiedInstance {
  let file: DicomFile;
  try {
    file = readDicom(bytes);
  } catch (error) {
    return { record: describeFailure(bytes, error, options), output: null, times: [] };
  }
  return deidentifyFile(file, bytes, options, true);
}

/**
 * The same record from the beginning of a file, for forecasts: no output, no digests, `pixelDigest` empty. What only
 * the pixels tell (overlays in unused bits, a file that is cut off) is not seen.
 * @param prefix the first bytes of the file
 * @param sourceBytes size of the whole file
 * @returns null when the prefix ends before the header does: give more bytes
 */
export function deidentifyHeader(
  prefix: Uint8Array,
  sourceBytes: number,
  options: DeidentifyOptions,
): InstanceRecord | null {
  const complete = prefix.length >= sourceBytes;
  try {
    const file = readDicom(prefix, complete ? { untilPixelData: true } : { partial: true });
    if (!complete && !file.reachedPixelData) return null;
    return { ...deidentifyFile(file, prefix, options, false).record, sourceBytes };
  } catch (error) {
    if (!(error instanceof DicomError)) throw error;
    if (!complete && error.code !== 'not-dicom') return null;
    return { ...describeFailure(prefix, error, options), sourceBytes, sourceDigest: null };
  }
}

/** A file that cannot be read; what a cut file says about itself before it ends is told all the same. */
function describeFailure(bytes: Uint8Array, error: unknown, options: DeidentifyOptions): InstanceRecord {
  if (!(error instanceof DicomError)) throw error;
  const reason: Reason = error.code;
  const sourceDigest = options.pseudonymizer.digest(bytes);
  const record = { ...describeUnreadable(options.sourceKey, bytes.length, reason), sourceDigest };
  if (reason !== 'truncated') return record;
  try {
    const file = readDicom(bytes, { untilPixelData: true, allowTruncated: true });
    // An index whose lengths say more than is there is an index still.
    if (isDicomdir(file)) return { ...record, disposition: dispositionOf('dicomdir'), reason: 'dicomdir' };
    return { ...record, ...describeIdentity(file, options.pseudonymizer) };
  } catch {
    return record;
  }
}

type Identity = Pick<
  InstanceRecord,
  | 'patientId'
  | 'studyInstanceUid'
  | 'seriesInstanceUid'
  | 'sopInstanceUid'
  | 'frameOfReferenceUid'
  | 'sopClassUid'
  | 'transferSyntaxUid'
  | 'modality'
  | 'seriesNumber'
  | 'instanceNumber'
>;

/** Who an instance is, in pseudonyms and terms of the standard. */
function describeIdentity(file: DicomFile, pseudonymizer: Pseudonymizer): Identity {
  const { dataset } = file;
  const pseudonym = (key: number): string | null => {
    const uid = validUid(file, key);
    return uid === null ? null : pseudonymizer.uid(uid);
  };
  const standard = (uid: string | null): string | null => (uid !== null && isStandardUid(uid) ? uid : null);
  const modality = getString(file, dataset, TAGS.Modality)?.toUpperCase();
  const studyUid = validUid(file, TAGS.StudyInstanceUID);
  const patientId = getText(file, dataset, TAGS.PatientID) ?? null;
  const issuer = getText(file, dataset, TAGS.IssuerOfPatientID) ?? null;
  return {
    patientId:
      patientId === null && studyUid === null
        ? null
        : pseudonymizer.patientId(patientId, issuer, studyUid ?? ''),
    studyInstanceUid: pseudonym(TAGS.StudyInstanceUID),
    seriesInstanceUid: pseudonym(TAGS.SeriesInstanceUID),
    sopInstanceUid: pseudonym(TAGS.SOPInstanceUID),
    frameOfReferenceUid: pseudonym(TAGS.FrameOfReferenceUID),
    sopClassUid: standard(sopClassOf(file)),
    transferSyntaxUid: standard(file.transferSyntaxUid),
    modality: modality !== undefined && TERMS.modality.has(modality) ? modality : null,
    seriesNumber: orderNumber(getNumber(file, dataset, TAGS.SeriesNumber)),
    instanceNumber: orderNumber(getNumber(file, dataset, TAGS.InstanceNumber)),
  };
}

/** A number of an order, in the range that the profile keeps. */
function orderNumber(value: number | undefined): number | null {
  return value !== undefined && Number.isInteger(value) && Math.abs(value) <= 99_999 ? value : null;
}

/** The words of one series are the same in all its instances. */
const evidenceOf = remember((words) => describeHeaders(JSON.parse(words) as HeaderWords), 64);

function deidentifyFile(
  file: DicomFile,
  source: Uint8Array,
  options: DeidentifyOptions,
  withPixels: boolean,
): DeidentifiedInstance {
  const { pseudonymizer, profile, sourceKey } = options;
  const sopClassUid = sopClassOf(file);
  const pixels = file.dataset.elements.get(TAGS.PixelData);
  const hasPixels = pixels !== undefined && pixels.items === undefined;
  const pixelHash = withPixels && hasPixels ? pseudonymizer.fingerprint(valueBytes(file, pixels)) : null;
  const evidence = evidenceOf(JSON.stringify(readHeaderWords(file, sopClassUid)));
  const base: InstanceRecord = {
    ...describeUnreadable(sourceKey, source.length, 'damaged'),
    disposition: 'kept',
    reason: null,
    sourceDigest: withPixels ? digestSource(file, source, pixels, pixelHash, pseudonymizer) : null,
    ...describeIdentity(file, pseudonymizer),
    evidence,
  };
  const stop = (reason: Reason, rule: RuleName | null = null): DeidentifiedInstance => ({
    record: { ...base, disposition: dispositionOf(reason), reason, rule },
    output: null,
    times: [],
  });

  if (isDicomdir(file)) return stop('dicomdir');
  const excluded = excludeByClass(file, sopClassUid, evidence);
  if (excluded !== null) return stop(reasonOfRule(excluded), excluded);
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid, patientId } = base;
  if (
    studyInstanceUid === null ||
    seriesInstanceUid === null ||
    sopInstanceUid === null ||
    patientId === null
  ) {
    return stop('identifiers-missing');
  }
  if (getString(file, file.dataset, TAGS.BurnedInAnnotation)?.toUpperCase() === 'YES') {
    return stop('burned-in-annotation');
  }
  if (!isSupportedTransferSyntax(file.transferSyntaxUid)) return stop('transfer-syntax-unsupported');
  if (!hasPixels) return stop('pixel-data-missing');

  const transferSyntaxUid = file.deflated ? TRANSFER_SYNTAXES.explicitVrLittleEndian : file.transferSyntaxUid;
  const encoding: Encoding = { explicitVr: file.explicitVr, littleEndian: file.littleEndian };
  const filtered = filterDataset(
    {
      file,
      encoding,
      patientId,
      shiftDays: profile.dates === 'shift' ? shiftDaysOf(file, pseudonymizer) : 0,
      pseudonymOfUid: pseudonymizer.uid,
    },
    file.dataset,
    profile.rules,
    profile.safePrivate,
  );
  if ('refused' in filtered) return stop('not-permitted');
  const isMultiFrame = isMultiFrameCtImageStorage(sopClassUid);
  const elements = new Map(filtered.map((element) => [element.tag, element.bytes]));
  if (!hasTrueOffsetTables(file, pixels)) {
    elements.delete(TAGS.ExtendedOffsetTable);
    elements.delete(TAGS.ExtendedOffsetTableLengths);
  }
  completeHeader(elements, {
    file,
    encoding,
    profile,
    isMultiFrame,
    patientId,
    // A series of one scanner shares its coordinates, so one made of the series' pseudonym says no more.
    frameOfReferenceUid: pseudonymizer.uid(`frame-of-reference/${seriesInstanceUid}`),
  });
  const meta = encodeMeta({ sopClassUid: sopClassUid ?? '', sopInstanceUid, transferSyntaxUid });
  const header = concatBytes([meta, ...sortedByTag(elements)]);
  const pixelPieces = writePixels(file, pixels, encoding);
  const image = describeImage(readDicom(header), isMultiFrame, {
    pixelData: {
      offset: header.length + pixelPieces[0]!.length,
      length: pixels.length,
      encapsulated: pixels.fragments !== undefined || pixels.undefinedLength,
      words: pixels.vr === 'OW',
    },
    pixelDigest: pixelHash?.toString('hex') ?? '',
  });
  if (image === null) return stop('pixel-format-unsupported');
  const problem =
    // In a prefix the fragments of encapsulated pixels are not read.
    (withPixels || !pixels.undefinedLength ? checkPixelLength(image, pixels) : null) ??
    (withPixels ? checkPixelBytes(image, file, pixels) : null);
  if (problem !== null) {
    const stopped = stop(problem);
    // `group` names a localizer or a capture as what it is, text on it or not; what it is stays with the record.
    return problem === 'burned-in-annotation'
      ? { ...stopped, record: { ...stopped.record, image } }
      : stopped;
  }
  const record = { ...base, transferSyntaxUid, image };
  const times = readTimes(file, image.frames.length, isMultiFrame);
  if (!withPixels) return { record, output: null, times };

  const output = [concatBytes([header, pixelPieces[0]!]), ...pixelPieces.slice(1)];
  const hash = createHash('sha256');
  let outputBytes = 0;
  for (const chunk of output) {
    hash.update(chunk);
    outputBytes += chunk.length;
  }
  return { record: { ...record, outputSha256: hash.digest('hex'), outputBytes }, output, times };
}

/**
 * A keyed digest of all bytes of the source. The pixels go in as their fingerprint, which is known by then: they are
 * most of a file, and hashing them is most of the work.
 */
function digestSource(
  file: DicomFile,
  source: Uint8Array,
  pixels: DicomElement | undefined,
  pixelHash: Uint8Array | null,
  pseudonymizer: Pseudonymizer,
): string {
  if (pixelHash === null || pixels === undefined || file.deflated) return pseudonymizer.digest(source);
  const end = pixels.dataOffset + pixels.length;
  return pseudonymizer.digest([source.subarray(0, pixels.dataOffset), pixelHash, source.subarray(end)]);
}

function shiftDaysOf(file: DicomFile, pseudonymizer: Pseudonymizer): number {
  const { dataset } = file;
  return pseudonymizer.dateShiftDays(
    getText(file, dataset, TAGS.PatientID) ?? null,
    getText(file, dataset, TAGS.IssuerOfPatientID) ?? null,
    validUid(file, TAGS.StudyInstanceUID) ?? '',
  );
}

/**
 * Pixel Data as its header and its value, the latter a view. The header is written anew only where the source's is
 * invalid: an odd length, a VR that is not that of native pixels, or none. PS3.5 section 8.1.1 and annex A.2
 */
function writePixels(file: DicomFile, pixels: DicomElement, encoding: Encoding): Uint8Array[] {
  const { bytes } = file;
  const isWide = (getNumber(file, file.dataset, TAGS.BitsAllocated) ?? 16) > 8;
  const isValidVr =
    !encoding.explicitVr || pixels.vr === 'OW' || (pixels.vr === 'OB' && !(isWide && encoding.littleEndian));
  const value = bytes.subarray(pixels.dataOffset, pixels.endOffset);
  const isStated = !encoding.explicitVr || hasWrittenVr(file, pixels);
  if (isStated && (pixels.undefinedLength || (isValidVr && pixels.length % 2 === 0))) {
    return [bytes.subarray(pixels.headerOffset, pixels.dataOffset), value];
  }
  if (pixels.undefinedLength) return [encodeHeader(pixels.tag, 'OB', 0xffffffff, encoding), value];
  const padding = pixels.length % 2;
  return [
    encodeHeader(pixels.tag, isValidVr ? pixels.vr : 'OW', pixels.length + padding, encoding),
    valueBytes(file, pixels),
    new Uint8Array(padding),
  ];
}

function sortedByTag(elements: ReadonlyMap<number, Uint8Array>): Uint8Array[] {
  return [...elements].sort(([a], [b]) => a - b).map(([, bytes]) => bytes);
}
