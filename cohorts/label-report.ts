/**
 * The labels of a series unit as a DICOM Structured Report: Comprehensive SR with TID 1500 Measurement Report, one
 * Measurement Group (TID 1501) for each task. PS3.16 annex A
 */
import { createHash } from 'node:crypto';
import {
  type CodedConcept,
  codeItem,
  containerItem,
  type InstanceReference,
  imageItem,
  numberItem,
  referenceTo,
  related,
  textItem,
  uidItem,
} from '../dicom/content-items.ts';
import { concatBytes, encodeFileMeta, encodingOfTransferSyntax } from '../dicom/encode.ts';
import { type DatasetValues, encodeDataset } from '../dicom/encode-dataset.ts';
import { IMPLEMENTATION } from '../dicom/implementation.ts';
import type { DicomFile } from '../dicom/read.ts';
import { tag } from '../dicom/tags.ts';
import { SOP_CLASSES, TRANSFER_SYNTAXES } from '../dicom/uids.ts';
import { valueBytes } from '../dicom/values.ts';
import type { Task } from '../models/labels.ts';
import {
  CERTAINTY,
  LABEL_SOURCE,
  LABEL_SOURCE_CODES,
  PRIVATE_SCHEME,
  TASK_CODES,
  ZERO_TO_ONE,
} from './label-codes.ts';

/** One label of a unit, and what it rests on. */
export interface ReportedLabel {
  task: Task;
  /** After review, of the closed vocabulary. */
  label: string;
  source: string;
  /** What the algorithm said; null where it said something else than `label`. */
  prediction: { score: number; bundle: string; bundleSha256: string } | null;
}

export interface LabelReportContent {
  seriesUnit: string;
  labels: readonly ReportedLabel[];
  studyInstanceUid: string;
  seriesInstanceUid: string;
  images: readonly InstanceReference[];
  /** Any image of the unit: what the report must share with its study. */
  header: DicomFile;
  /** Version of the program that made the labels. */
  labelledBy: string;
  /** Version of the program that writes the report. */
  writtenBy: string;
}

/** A report, ready to be stored. The same content gives the same UIDs and the same bytes. */
export interface LabelReport {
  seriesUnit: string;
  sopClassUid: string;
  sopInstanceUid: string;
  seriesInstanceUid: string;
  /** The data set without File Meta. */
  encode(transferSyntaxUid: string): Uint8Array;
  /** A file in explicit VR, little endian. */
  toFile(): Uint8Array;
}

/** What all objects of a study must say alike (Patient, General Study), and that it was de-identified. */
const SHARED_KEYWORDS = [
  'SpecificCharacterSet',
  'PatientName',
  'PatientID',
  'PatientBirthDate',
  'PatientSex',
  'PatientIdentityRemoved',
  'DeidentificationMethod',
  'LongitudinalTemporalInformationModified',
  'StudyInstanceUID',
  'StudyDate',
  'StudyTime',
  'StudyID',
  'AccessionNumber',
  'ReferringPhysicianName',
];
/** Type 2: present, if only empty. PS3.3 tables C.7-1 and C.7-3 */
const EMPTY_SHARED: DatasetValues = {
  PatientName: '',
  PatientID: '',
  PatientBirthDate: '',
  PatientSex: '',
  StudyDate: '',
  StudyTime: '',
  StudyID: '',
  AccessionNumber: '',
  ReferringPhysicianName: '',
};
/** Behind the series of a study, whose numbers are small. */
const SERIES_NUMBER = '9000';

const dcm = (value: string, meaning: string): CodedConcept => ({ value, scheme: 'DCM', meaning });
const SOURCE_IMAGE: CodedConcept = { value: '260753009', scheme: 'SCT', meaning: 'Source' };

export function buildLabelReport(content: LabelReportContent): LabelReport {
  const sopClassUid = SOP_CLASSES.comprehensiveSrStorage;
  const seriesInstanceUid = uidOf('series', content.seriesUnit);
  const values: DatasetValues = {
    ...EMPTY_SHARED,
    ...sharedValues(content.header),
    SOPClassUID: sopClassUid,
    Modality: 'SR',
    SeriesInstanceUID: seriesInstanceUid,
    SeriesNumber: SERIES_NUMBER,
    SeriesDescription: 'Serieswise labels',
    InstanceNumber: '1',
    Manufacturer: 'Serieswise',
    ManufacturerModelName: 'serieswise',
    SoftwareVersions: content.writtenBy,
    CodingSchemeIdentificationSequence: [
      { CodingSchemeDesignator: PRIVATE_SCHEME, CodingSchemeName: 'Serieswise label codes' },
    ],
    // Type 1, and when a report is written must not change it: the dummy of multi-frame images.
    ContentDate: '19000101',
    ContentTime: '000000',
    CompletionFlag: 'COMPLETE',
    // Even after a review: who verifies has to be named.
    VerificationFlag: 'UNVERIFIED',
    ReferencedPerformedProcedureStepSequence: [],
    PerformedProcedureCodeSequence: [],
    CurrentRequestedProcedureEvidenceSequence: [
      {
        StudyInstanceUID: content.studyInstanceUid,
        ReferencedSeriesSequence: [
          {
            SeriesInstanceUID: content.seriesInstanceUid,
            ReferencedSOPSequence: content.images.map(referenceTo),
          },
        ],
      },
    ],
    ...buildContent(content),
  };
  const { explicitVrLittleEndian } = TRANSFER_SYNTAXES;
  const body = encodeDataset(values, encodingOfTransferSyntax(explicitVrLittleEndian));
  const sopInstanceUid = uidOf('instance', createHash('sha256').update(body).digest('hex'));
  const encode = (transferSyntaxUid: string) =>
    encodeDataset({ ...values, SOPInstanceUID: sopInstanceUid }, encodingOfTransferSyntax(transferSyntaxUid));
  return {
    seriesUnit: content.seriesUnit,
    sopClassUid,
    sopInstanceUid,
    seriesInstanceUid,
    encode,
    toFile: () =>
      concatBytes([
        encodeFileMeta({
          sopClassUid,
          sopInstanceUid,
          transferSyntaxUid: explicitVrLittleEndian,
          implementationClassUid: IMPLEMENTATION.classUid,
          implementationVersionName: IMPLEMENTATION.versionName,
        }),
        encode(explicitVrLittleEndian),
      ]),
  };
}

/** `2.25.` and 128 bits in decimal (PS3.5 B.2), as pseudonyms are; without the key, since it is made of pseudonyms. */
function uidOf(kind: string, name: string): string {
  const digest = createHash('sha256').update(`serieswise/1/report/${kind}/${name}`).digest('hex');
  return `2.25.${BigInt(`0x${digest.slice(0, 32)}`)}`;
}

/** As bytes, so that any character set stays what it is. */
function sharedValues(file: DicomFile): DatasetValues {
  const values: Record<string, Uint8Array> = {};
  for (const keyword of SHARED_KEYWORDS) {
    const element = file.dataset.elements.get(tag(keyword));
    if (element !== undefined) values[keyword] = valueBytes(file, element);
  }
  return values;
}

/** TID 1500. */
function buildContent(content: LabelReportContent): DatasetValues {
  const { labels, images } = content;
  return containerItem(
    dcm('126000', 'Imaging Measurement Report'),
    [
      related(
        'HAS CONCEPT MOD',
        codeItem(dcm('121049', 'Language of Content Item and Descendants'), {
          value: 'en-US',
          scheme: 'RFC5646',
          meaning: 'English (United States)',
        }),
      ),
      // TID 1002 and 1004: the program is the observer.
      related('HAS OBS CONTEXT', codeItem(dcm('121005', 'Observer Type'), dcm('121007', 'Device'))),
      related('HAS OBS CONTEXT', uidItem(dcm('121012', 'Device Observer UID'), IMPLEMENTATION.classUid)),
      related('HAS OBS CONTEXT', textItem(dcm('121013', 'Device Observer Name'), 'serieswise')),
      related('HAS OBS CONTEXT', textItem(dcm('121014', 'Device Observer Manufacturer'), 'Serieswise')),
      related('HAS OBS CONTEXT', textItem(dcm('121015', 'Device Observer Model Name'), 'serieswise')),
      related(
        'HAS CONCEPT MOD',
        codeItem(dcm('121058', 'Procedure Reported'), {
          value: '25045-6',
          scheme: 'LN',
          meaning: 'CT unspecified body region',
        }),
      ),
      related('CONTAINS', buildImageLibrary(images)),
      related(
        'CONTAINS',
        containerItem(
          dcm('126010', 'Imaging Measurements'),
          labels.map((label) => related('CONTAINS', buildGroup(content, label))),
        ),
      ),
    ],
    '1500',
  );
}

/** TID 1600. */
function buildImageLibrary(images: readonly InstanceReference[]): DatasetValues {
  const group = containerItem(dcm('126200', 'Image Library Group'), [
    related('HAS ACQ CONTEXT', codeItem(dcm('121139', 'Modality'), dcm('CT', 'Computed Tomography'))),
    ...images.map((image) => related('CONTAINS', imageItem(SOURCE_IMAGE, image))),
  ]);
  return containerItem(dcm('111028', 'Image Library'), [related('CONTAINS', group)]);
}

/** TID 1501, with TID 4019 for what predicted the label. */
function buildGroup(content: LabelReportContent, { task, label, source, prediction }: ReportedLabel) {
  const { name, labels } = TASK_CODES[task];
  const children = [
    related(
      'HAS OBS CONTEXT',
      textItem(dcm('112039', 'Tracking Identifier'), `${content.seriesUnit} ${task}`),
    ),
    related(
      'HAS OBS CONTEXT',
      uidItem(
        dcm('112040', 'Tracking Unique Identifier'),
        uidOf('tracking', `${content.seriesUnit}/${task}`),
      ),
    ),
  ];
  if (prediction !== null) {
    const [bundle = '', version = ''] = prediction.bundle.split('@');
    const parameters = [`bundle-sha256=${prediction.bundleSha256}`, `serieswise=${content.labelledBy}`];
    children.push(
      related('HAS CONCEPT MOD', textItem(dcm('111001', 'Algorithm Name'), bundle)),
      related('HAS CONCEPT MOD', textItem(dcm('111003', 'Algorithm Version'), version)),
      ...parameters.map((text) =>
        related('HAS CONCEPT MOD', textItem(dcm('111002', 'Algorithm Parameters'), text)),
      ),
      // A score is a 32-bit number: more digits would be noise.
      related('CONTAINS', numberItem(CERTAINTY, String(Number(prediction.score.toFixed(6))), ZERO_TO_ONE)),
    );
  }
  children.push(
    ...labels[label]!.map((code) => related('CONTAINS', codeItem(name, code))),
    related('CONTAINS', codeItem(LABEL_SOURCE, LABEL_SOURCE_CODES[source]!)),
  );
  return containerItem(dcm('125007', 'Measurement Group'), children, '1501');
}
