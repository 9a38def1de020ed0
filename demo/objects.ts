import type { Dataset, DicomElement } from './dicom-writer.ts';
import { encodeDicomFile, encodePixels } from './dicom-writer.ts';
import type { DemoStudy, Planted, SeriesHeader } from './headers.ts';
import { commonElements } from './headers.ts';
import { ctImageElements } from './series.ts';
import { drawText } from './text-raster.ts';
import type { PixelGrid } from './volumes.ts';

const SECONDARY_CAPTURE_STORAGE = '1.2.840.10008.5.1.4.1.1.7';
const COMPUTED_RADIOGRAPHY_STORAGE = '1.2.840.10008.5.1.4.1.1.1';
const RADIATION_DOSE_SR_STORAGE = '1.2.840.10008.5.1.4.1.1.88.67';
const MEDIA_STORAGE_DIRECTORY = '1.2.840.10008.1.3.10';

function monochrome8(rows: number, columns: number, pixels: Uint8Array): DicomElement[] {
  return [
    [0x00280002, 'US', 1],
    [0x00280004, 'CS', 'MONOCHROME2'],
    [0x00280010, 'US', rows],
    [0x00280011, 'US', columns],
    [0x00280100, 'US', 8],
    [0x00280101, 'US', 8],
    [0x00280102, 'US', 7],
    [0x00280103, 'US', 0],
    [0x7fe00010, 'OW', pixels],
  ];
}

/** A secondary capture: a scanned page with the patient's name and number in its pixels. */
export function secondaryCapture(study: DemoStudy, seriesUid: string, planted: Planted): Buffer {
  const rows = 320;
  const columns = 448;
  const pixels = new Uint8Array(rows * columns);
  const lines = [
    study.institution,
    '',
    `NAME: ${study.patient.name}`,
    `ID:   ${study.patient.id}`,
    `BORN: ${study.patient.birthDate}`,
    `ACC:  ${study.accession}`,
    '',
    'REFERRAL LETTER (SYNTHETIC)',
  ];
  for (const [n, line] of lines.entries()) {
    drawText(pixels, columns, { row: 24 + n * 28, column: 20 }, line, 2, 255);
  }
  const series: SeriesHeader = {
    uid: seriesUid,
    number: 900,
    modality: 'OT',
    description: planted.text('ZZTEST SCANNED REFERRAL'),
    bodyPartExamined: 'CHEST',
  };
  return encodeDicomFile([
    ...commonElements(study, series, SECONDARY_CAPTURE_STORAGE, `${seriesUid}.1`, planted),
    [0x00080008, 'CS', ['DERIVED', 'SECONDARY']],
    [0x00080064, 'CS', 'SD'],
    [0x00200013, 'IS', 1],
    [0x00200020, 'CS', null],
    ...monochrome8(rows, columns, pixels),
  ]);
}

/** A screen save of a workstation in a CT SOP class, with text in its pixels. */
export function screenSave(
  study: DemoStudy,
  seriesUid: string,
  frameOfReferenceUid: string,
  slice: { grid: PixelGrid; stored: Int16Array },
  planted: Planted,
): Buffer {
  const { grid } = slice;
  const stored = Int16Array.from(slice.stored);
  drawText(stored, grid.columns, { row: 4, column: 4 }, study.patient.name, 1, 2500);
  drawText(stored, grid.columns, { row: 14, column: 4 }, study.patient.id, 1, 2500);
  const plan = {
    imageType: ['DERIVED', 'SECONDARY', 'SCREEN SAVE'],
    thicknessMm: 5,
    kernel: 'soft' as const,
    pixelMm: grid.pixelSpacingMm[1],
    columns: grid.columns,
  };
  const series = {
    uid: seriesUid,
    number: 99,
    modality: 'CT',
    description: 'Screen Save',
    bodyPartExamined: 'CHEST',
  };
  const image = { grid, instanceNumber: 1, sopInstanceUid: `${seriesUid}.1`, sliceLocationMm: 0 };
  const elements = ctImageElements(study, plan, series, frameOfReferenceUid, image, planted);
  return encodeDicomFile([...elements, [0x7fe00010, 'OW', encodePixels(stored, 'explicit')]]);
}

function codeItem(value: string, scheme: string, meaning: string): Dataset {
  return [
    [0x00080100, 'SH', value],
    [0x00080102, 'SH', scheme],
    [0x00080104, 'LO', meaning],
  ];
}

/** An X-Ray Radiation Dose SR with a short content tree that names people. PS3.16 TID 10011 */
export function doseReport(study: DemoStudy, seriesUid: string, planted: Planted): Buffer {
  const series = { uid: seriesUid, number: 997, modality: 'SR', description: 'Dose Report' };
  const content: Dataset[] = [
    [
      [0x0040a010, 'CS', 'HAS OBS CONTEXT'],
      [0x0040a040, 'CS', 'PNAME'],
      [0x0040a043, 'SQ', [codeItem('121008', 'DCM', 'Person Observer Name')]],
      [0x0040a123, 'PN', study.operator],
    ],
    [
      [0x0040a010, 'CS', 'CONTAINS'],
      [0x0040a040, 'CS', 'TEXT'],
      [0x0040a043, 'SQ', [codeItem('121106', 'DCM', 'Comment')]],
      [0x0040a160, 'UT', planted.text(`ZZTEST DOSE OF ${study.patient.id}`)],
    ],
    [
      [0x0040a010, 'CS', 'CONTAINS'],
      [0x0040a040, 'CS', 'NUM'],
      [0x0040a043, 'SQ', [codeItem('113813', 'DCM', 'CT Dose Length Product Total')]],
      [
        0x0040a300,
        'SQ',
        [
          [
            [0x004008ea, 'SQ', [codeItem('mGy.cm', 'UCUM', 'mGy.cm')]],
            [0x0040a30a, 'DS', 512.25],
          ],
        ],
      ],
    ],
  ];
  return encodeDicomFile([
    ...commonElements(study, series, RADIATION_DOSE_SR_STORAGE, `${seriesUid}.1`, planted),
    [0x00080023, 'DA', study.date],
    [0x00080033, 'TM', study.time],
    [0x00081111, 'SQ', null],
    [0x00200013, 'IS', 1],
    [0x0040a040, 'CS', 'CONTAINER'],
    [0x0040a372, 'SQ', null],
    [0x0040a043, 'SQ', [codeItem('113701', 'DCM', 'X-Ray Radiation Dose Report')]],
    [0x0040a050, 'CS', 'SEPARATE'],
    [0x0040a491, 'CS', 'COMPLETE'],
    [0x0040a493, 'CS', 'UNVERIFIED'],
    [0x0040a730, 'SQ', content],
  ]);
}

/** A chest radiograph: an image, but no CT. */
export function radiograph(
  study: DemoStudy,
  seriesUid: string,
  slice: { grid: PixelGrid; stored: Int16Array },
  planted: Planted,
): Buffer {
  const pixels = Uint8Array.from(slice.stored, (value) => Math.min(255, value >> 4));
  const series = {
    uid: seriesUid,
    number: 1,
    modality: 'CR',
    description: 'CHEST PA',
    bodyPartExamined: 'CHEST',
  };
  return encodeDicomFile([
    ...commonElements(study, series, COMPUTED_RADIOGRAPHY_STORAGE, `${seriesUid}.1`, planted),
    [0x00080008, 'CS', ['ORIGINAL', 'PRIMARY']],
    [0x00185101, 'CS', 'PA'],
    [0x00200013, 'IS', 1],
    [0x00200020, 'CS', ['L', 'F']],
    ...monochrome8(slice.grid.rows, slice.grid.columns, pixels),
  ]);
}

/** A DICOMDIR with a patient and a study record (no offsets: nobody walks it). PS3.3 F.3 */
export function dicomdir(study: DemoStudy): Buffer {
  return encodeDicomFile(
    [
      [0x00080016, 'UI', MEDIA_STORAGE_DIRECTORY],
      [0x00080018, 'UI', `${study.uid}.0`],
      [0x00041130, 'CS', 'ZZTESTMEDIA'],
      [0x00041200, 'UL', 0],
      [0x00041202, 'UL', 0],
      [0x00041212, 'US', 0],
      [
        0x00041220,
        'SQ',
        [
          [
            [0x00041400, 'UL', 0],
            [0x00041410, 'US', 0xffff],
            [0x00041420, 'UL', 0],
            [0x00041430, 'CS', 'PATIENT'],
            [0x00080005, 'CS', 'ISO_IR 192'],
            [0x00100010, 'PN', study.patient.name],
            [0x00100020, 'LO', study.patient.id],
          ],
          [
            [0x00041400, 'UL', 0],
            [0x00041410, 'US', 0xffff],
            [0x00041420, 'UL', 0],
            [0x00041430, 'CS', 'STUDY'],
            [0x00080005, 'CS', 'ISO_IR 192'],
            [0x00080020, 'DA', study.date],
            [0x00080030, 'TM', study.time],
            [0x00080050, 'SH', study.accession],
            [0x00200010, 'SH', study.id],
            [0x00081030, 'LO', study.description],
            [0x0020000d, 'UI', study.uid],
          ],
        ],
      ],
    ],
    { undefinedLengths: true },
  );
}

/** A PDF file, whatever its name says. */
export function referralDocument(study: DemoStudy): Buffer {
  const body = `%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Title (${study.patient.name} ${study.patient.id}) >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n`;
  return Buffer.from(body, 'utf8');
}
