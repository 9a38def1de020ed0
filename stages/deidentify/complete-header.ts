/** What is added to a filtered header: attributes that a valid CT image must have, and the stamp of what was done. */
import { type Encoding, encodeElement, encodeSequence } from '../../dicom/encode.ts';
import type { DicomFile } from '../../dicom/read.ts';
import { TAGS, tag } from '../../dicom/tags.ts';
import { getItems, getNumber, getString } from '../../dicom/values.ts';
import { encodeCode, writePatient } from './filter-dataset.ts';
import type { ResolvedProfile } from './profile.ts';
import { isDone, type MethodCode } from './profile-options.ts';

const LATERALITY = tag('Laterality');
const PATIENT_IDENTITY_REMOVED = tag('PatientIdentityRemoved');
const DEIDENTIFICATION_METHOD = tag('DeidentificationMethod');
const DEIDENTIFICATION_METHOD_CODE_SEQUENCE = tag('DeidentificationMethodCodeSequence');
const RECOGNIZABLE_VISUAL_FEATURES = tag('RecognizableVisualFeatures');
const LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED = tag('LongitudinalTemporalInformationModified');
/** Of the CT Image module, which multi-frame classes do not have: there they stand in functional groups. */
const SINGLE_FRAME_ONLY: ReadonlySet<number> = new Set([TAGS.KVP, TAGS.SliceThickness]);

/** Body parts that have no side, for which Laterality must be absent. PS3.16 annex L */
const UNPAIRED: ReadonlySet<string> = new Set(
  `ABDOMEN ABDOMENPELVIS AORTA BACK BLADDER BRAIN CEREBELLUM CERVIX CHEST CHESTABDOMEN CHESTABDPELVIS CIRCLEOFWILLIS
  COCCYX COLON CORONARYARTERY CSPINE CTSPINE DUODENUM ESOPHAGUS FACE GALLBLADDER HEAD HEADNECK HEART ILEUM ILIUM JAW
  LARYNX LIVER LSPINE LSSPINE MAXILLA MEDIASTINUM MOUTH NECK NECKCHEST NECKCHESTABDOMEN NECKCHESTABDPELV NOSE PANCREAS
  PELVIS PENIS PHARYNX PROSTATE RECTUM SCALP SKULL SPINE SPLEEN SSPINE STERNUM STOMACH THYMUS THYROID TLSPINE TONGUE
  TRACHEA TSPINE URETER URETHRA UTERUS VAGINA VULVA WHOLEBODY`.split(/\s+/),
);

/**
 * Type 1 of multi-frame classes that PS3.15 table E.1-1 replaces by dummies (action D): values that cannot be taken
 * for an event or a device. PS3.3 C.7.5.2 and C.7.6.16
 */
const MULTI_FRAME_DUMMIES: readonly [keyword: string, vr: string, value: string][] = [
  ['ContentDate', 'DA', '19000101'],
  ['ContentTime', 'TM', '000000'],
  ['AcquisitionDateTime', 'DT', '19000101000000'],
  ['DeviceSerialNumber', 'LO', 'REMOVED'],
  ['SoftwareVersions', 'LO', 'REMOVED'],
  ['ManufacturerModelName', 'LO', 'OTHER'],
  ['Manufacturer', 'LO', 'OTHER'],
  ['AcquisitionContextSequence', 'SQ', ''],
];

export interface CompletionContext {
  file: DicomFile;
  encoding: Encoding;
  profile: ResolvedProfile;
  isMultiFrame: boolean;
  /** The patient's pseudonym, also where the source has no Patient ID. */
  patientId: string;
  /** Stands in where the source has no Frame of Reference UID. */
  frameOfReferenceUid: string;
  /** The face was taken out of the pixels. PS3.15 E.3.2 */
  isDefaced?: boolean;
}

/** Of CID 7050. */
const CLEAN_FACES: MethodCode = { value: '113102', meaning: 'Clean Recognizable Visual Features Option' };

/**
 * Completes a filtered header in place.
 * @param elements bytes of the kept elements by tag
 */
export function completeHeader(elements: Map<number, Uint8Array>, context: CompletionContext): void {
  const { file, encoding, profile, isMultiFrame } = context;
  const put = (key: number, vr: string, value: string): void => {
    elements.set(key, encodeElement(key, vr, vr === 'SQ' ? new Uint8Array(0) : value, encoding));
  };
  for (const { tag: key, vrs, row } of profile.required) {
    if (elements.has(key) || (isMultiFrame && SINGLE_FRAME_ONLY.has(key))) continue;
    const isPatient = row.action === 'pseudonym';
    put(key, vrs[0]!, isPatient ? writePatient(context.patientId, vrs[0]!) : '');
  }
  if (!elements.has(TAGS.Modality)) put(TAGS.Modality, 'CS', 'CT');
  if (!elements.has(TAGS.FrameOfReferenceUID))
    put(TAGS.FrameOfReferenceUID, 'UI', context.frameOfReferenceUid);
  // Not allowed where there is one sample a pixel, and harmless to leave out. PS3.3 C.7.6.3.1.3
  if (getNumber(file, file.dataset, TAGS.SamplesPerPixel) === 1) elements.delete(TAGS.PlanarConfiguration);
  if (isMultiFrame) {
    for (const [keyword, vr, value] of MULTI_FRAME_DUMMIES) {
      const key = tag(keyword);
      if (isEmptyOrMissing(elements.get(key), encoding, vr)) put(key, vr, value);
    }
  } else {
    completeLaterality(elements, context, put);
  }
  const pixels = file.dataset.elements.get(TAGS.PixelData);
  // What was compressed is native once it is defaced, and was looked at.
  const hasNativePixels =
    context.isDefaced === true || (pixels?.fragments === undefined && pixels?.undefinedLength !== true);
  const done = profile.methodCodes.filter((code) => isDone(code, elements, hasNativePixels));
  const codes =
    context.isDefaced === true
      ? [...done, CLEAN_FACES].sort((a, b) => Number(a.value) - Number(b.value))
      : done;
  if (context.isDefaced === true) put(RECOGNIZABLE_VISUAL_FEATURES, 'CS', 'NO');
  for (const [key, bytes] of stampOf(profile, codes, encoding)) elements.set(key, bytes);
}

/** Type 2C: absent for body parts without a side, else present, if only empty. PS3.3 C.7.3.1 */
function completeLaterality(
  elements: Map<number, Uint8Array>,
  { file }: CompletionContext,
  put: (key: number, vr: string, value: string) => void,
): void {
  const hasBodyPart = elements.has(TAGS.BodyPartExamined);
  const bodyPart = getString(file, file.dataset, TAGS.BodyPartExamined)?.toUpperCase() ?? '';
  if (hasBodyPart && UNPAIRED.has(bodyPart)) elements.delete(LATERALITY);
  else if (!elements.has(LATERALITY)) put(LATERALITY, 'CS', '');
}

/** PS3.3 C.12.1.1: Longitudinal Temporal Information Modified. */
const DATES_MODIFIED = { remove: 'REMOVED', shift: 'MODIFIED', keep: 'UNMODIFIED' } as const;

/** Elements that say that the instance was de-identified, and how. PS3.15 E.1.1 and PS3.3 C.7.1.1 */
function buildStamp(
  profile: ResolvedProfile,
  methodCodes: readonly MethodCode[],
  encoding: Encoding,
): [number, Uint8Array][] {
  const codes = methodCodes.map(({ value, meaning }) =>
    encodeCode({ value, meaning, scheme: 'DCM' }, encoding),
  );
  const method = [`Serieswise ${profile.name} ${profile.version}`, ...profile.methodTexts];
  if (methodCodes.includes(CLEAN_FACES)) method.push('Soft tissue in front of the skull replaced by air');
  const text = (key: number, vr: string, value: string): [number, Uint8Array] => [
    key,
    encodeElement(key, vr, value, encoding),
  ];
  return [
    text(PATIENT_IDENTITY_REMOVED, 'CS', 'YES'),
    text(DEIDENTIFICATION_METHOD, 'LO', method.join('\\')),
    [
      DEIDENTIFICATION_METHOD_CODE_SEQUENCE,
      encodeSequence(DEIDENTIFICATION_METHOD_CODE_SEQUENCE, codes, encoding),
    ],
    text(LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED, 'CS', DATES_MODIFIED[profile.dates]),
  ];
}

const stamps = new WeakMap<ResolvedProfile, Map<string, [number, Uint8Array][]>>();

/** The stamp is the same in all files of a profile and an encoding in which the same was done. */
function stampOf(
  profile: ResolvedProfile,
  codes: readonly MethodCode[],
  encoding: Encoding,
): [number, Uint8Array][] {
  const known = stamps.get(profile) ?? new Map<string, [number, Uint8Array][]>();
  stamps.set(profile, known);
  const key = `${encoding.explicitVr} ${encoding.littleEndian} ${codes.map(({ value }) => value).join()}`;
  const stamp = known.get(key) ?? buildStamp(profile, codes, encoding);
  known.set(key, stamp);
  return stamp;
}

/** Header and no value, in the encoding's form. PS3.5 section 7.1 */
function isEmptyOrMissing(bytes: Uint8Array | undefined, encoding: Encoding, vr: string): boolean {
  return bytes === undefined || bytes.length <= (encoding.explicitVr && vr === 'SQ' ? 12 : 8);
}

/** Whether a file says that its face was taken out. */
export function saysDefaced(file: DicomFile): boolean {
  const sequence = getItems(file.dataset, DEIDENTIFICATION_METHOD_CODE_SEQUENCE);
  return sequence.some(({ dataset }) => getString(file, dataset, tag('CodeValue')) === CLEAN_FACES.value);
}
