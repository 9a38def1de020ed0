/** What a file is, by its SOP class, Image Type and header: the decisions that need no other file. */
import type { DicomFile } from '../../dicom/read.ts';
import { TAGS, tag } from '../../dicom/tags.ts';
import {
  isCtImageStorage,
  isSecondaryCaptureImageStorage,
  isStructuredReportStorage,
  SOP_CLASSES,
} from '../../dicom/uids.ts';
import { getItems, getString, getStrings, getUid } from '../../dicom/values.ts';
import type { HeaderEvidence } from '../records.ts';
import type { RuleName } from '../rules.ts';

const DIRECTORY_RECORD_SEQUENCE = tag('DirectoryRecordSequence');
const CONCEPT_NAME_CODE_SEQUENCE = tag('ConceptNameCodeSequence');
const CODE_VALUE = tag('CodeValue');
/** X-Ray Radiation Dose SR, Radiopharmaceutical, Patient, Enhanced X-Ray Radiation Dose SR. */
const DOSE_REPORT_CLASSES = new Set([
  SOP_CLASSES.xRayRadiationDoseSrStorage,
  '1.2.840.10008.5.1.4.1.1.88.68',
  '1.2.840.10008.5.1.4.1.1.88.73',
  '1.2.840.10008.5.1.4.1.1.88.75',
  '1.2.840.10008.5.1.4.1.1.88.76',
]);
/** DCM 113701 X-Ray Radiation Dose Report (TID 10001), 113500 Radiopharmaceutical Radiation Dose Report. */
const DOSE_REPORT_TITLES = new Set(['113701', '113500']);
/** How something else became an image: of captures, and of nothing that a scanner reconstructs. PS3.3 C.8.6.1 */
const CONVERSION_TYPES = new Set(['DV', 'DI', 'DF', 'WSD', 'SD', 'SI', 'DRW', 'SYN']);
const UID = /^[0-9]+(\.[0-9]+)+$/;

/** SOP class of the data set, or of the File Meta when the data set has none. */
export function sopClassOf(file: DicomFile): string | null {
  return (
    getUid(file, file.dataset, TAGS.SOPClassUID) ??
    getUid(file, file.meta, TAGS.MediaStorageSOPClassUID) ??
    null
  );
}

/** A DICOMDIR, by its class or by its records. PS3.10 annex F */
export function isDicomdir(file: DicomFile): boolean {
  return (
    getUid(file, file.meta, TAGS.MediaStorageSOPClassUID) === SOP_CLASSES.mediaStorageDirectory ||
    (file.dataset.elements.has(DIRECTORY_RECORD_SEQUENCE) && !file.dataset.elements.has(TAGS.SOPClassUID))
  );
}

/** The rule by which an object is no CT image, or null when it is one of the three accepted classes. */
export function excludeByClass(
  file: DicomFile,
  sopClassUid: string | null,
  evidence: HeaderEvidence,
): RuleName | null {
  const modality = getString(file, file.dataset, TAGS.Modality);
  if (isCtImageStorage(sopClassUid)) {
    if (modality !== undefined && modality.toUpperCase() !== 'CT') return 'other-object';
    const conversion = getString(file, file.dataset, TAGS.ConversionType)?.toUpperCase() ?? '';
    return CONVERSION_TYPES.has(conversion) ? 'secondary-capture-class' : null;
  }
  if (sopClassUid !== null && DOSE_REPORT_CLASSES.has(sopClassUid)) return 'dose-report-class';
  if (isStructuredReportStorage(sopClassUid))
    return isDoseReportByTitle(file) ? 'dose-report-class' : 'other-object';
  if (isSecondaryCaptureImageStorage(sopClassUid)) return nameSecondaryCapture(file, evidence);
  return 'other-object';
}

function isDoseReportByTitle(file: DicomFile): boolean {
  const title = getItems(file.dataset, CONCEPT_NAME_CODE_SEQUENCE)[0]?.dataset;
  return title !== undefined && DOSE_REPORT_TITLES.has(getString(file, title, CODE_VALUE) ?? '');
}

function nameSecondaryCapture(file: DicomFile, evidence: HeaderEvidence): RuleName {
  const imageType = getStrings(file, file.dataset, TAGS.ImageType).map((term) => term.toUpperCase());
  if (imageType.some((term) => /^DOSE\b|DOSE_/.test(term))) return 'dose-report-image-type';
  if (evidence.hints.includes('dose-report')) return 'dose-report-words';
  if (imageType.some((term) => /^SCREEN[ _]?S(AVE|HOT)$/.test(term))) return 'screen-save-image-type';
  return evidence.hints.includes('screen-save') ? 'screen-save-words' : 'secondary-capture-class';
}

/** A UID that identifies: digits and dots, at most 64. Leading zeros are let pass, since pseudonyms replace it. */
export function validUid(file: DicomFile, key: number): string | null {
  const uid = getUid(file, file.dataset, key);
  return uid !== undefined && uid.length <= 64 && UID.test(uid) ? uid : null;
}
