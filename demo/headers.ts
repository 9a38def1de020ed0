import type { Axis, BodyPart, Contrast } from '../models/labels.ts';
import type { DicomElement } from './dicom-writer.ts';
import type { Random } from './random.ts';

/**
 * Root of every UID in a generated archive: 2.999 is the arc for examples, so none of them can belong to anybody,
 * and a search for this prefix finds each of them.
 */
const DEMO_UID_ROOT = '2.999.2099';

/** An invented patient; every text is obviously synthetic. */
export interface DemoPatient {
  name: string;
  id: string;
  otherId: string;
  birthDate: string;
  sex: 'F' | 'M' | 'O';
  ageYears: number;
  address: string;
  telephone: string;
}

/** An invented scanner with the manufacturer's real words, which de-identification may keep. */
export interface DemoEquipment {
  manufacturer: string;
  model: string;
  station: string;
  serial: string;
  softwareVersion: string;
  kvp: number;
  kernels: { soft: string; bone: string };
  /** Creator of the private block that the headers carry. */
  privateCreator: string;
  /** GE stores signed values with a padding value outside the field of view. */
  signedPixels: boolean;
}

/** An invented study. */
export interface DemoStudy {
  patient: DemoPatient;
  equipment: DemoEquipment;
  uid: string;
  frameOfReferenceUid: string;
  id: string;
  date: string;
  time: string;
  accession: string;
  description: string;
  institution: string;
  referringPhysician: string;
  performingPhysician: string;
  operator: string;
}

/** What the cut was made for, and what the pixels should therefore be labelled. */
export interface ExpectedLabels {
  bodyPart: BodyPart;
  axis: Axis;
  contrast: Contrast;
}

/** Identifying strings that stand in an archive, so that leak tests can search for them. */
export interface Planted {
  /** Notes a string and gives it back. */
  text(value: string): string;
  /** Notes a date (DA) and gives it back. */
  date(value: string): string;
  strings(): string[];
  dates(): string[];
}

export function makePlanted(): Planted {
  const strings = new Set<string>([`${DEMO_UID_ROOT}.`]);
  const dates = new Set<string>();
  return {
    text: (value) => {
      strings.add(value);
      return value;
    },
    date: (value) => {
      dates.add(value);
      return value;
    },
    strings: () => [...strings].sort(),
    dates: () => [...dates].sort(),
  };
}

export const EQUIPMENT = {
  ge: {
    manufacturer: 'GE MEDICAL SYSTEMS',
    model: 'LightSpeed Plus',
    station: 'ZZCT01',
    serial: 'ZZSERIAL00017',
    softwareVersion: 'LightSpeedApps2.4.2_H2.4M5',
    kvp: 120,
    kernels: { soft: 'STANDARD', bone: 'BONE' },
    privateCreator: 'GEMS_IDEN_01',
    signedPixels: true,
  },
  siemens: {
    manufacturer: 'SIEMENS',
    model: 'Sensation 64',
    station: 'ZZCT02',
    serial: 'ZZSERIAL00029',
    softwareVersion: 'syngo CT 2007C',
    kvp: 120,
    kernels: { soft: 'B30f', bone: 'B60f' },
    privateCreator: 'SIEMENS MEDCOM HEADER',
    signedPixels: false,
  },
  philips: {
    manufacturer: 'Philips',
    model: 'Brilliance Big Bore',
    station: 'ZZCT03',
    serial: 'ZZSERIAL00041',
    softwareVersion: '3.6.6',
    kvp: 120,
    kernels: { soft: 'B', bone: 'D' },
    privateCreator: 'ELSCINT1',
    signedPixels: false,
  },
} as const satisfies Record<string, DemoEquipment>;

const digits = (value: number, width: number): string => String(value).padStart(width, '0');

/** The patient of number `n` (from 1). The third one's name is not ASCII, as names are not. */
export function makePatient(n: number, random: Random, planted: Planted): DemoPatient {
  const number = digits(n, n > 99 ? 5 : 2);
  const ageYears = random.integer(28, 84);
  return {
    name: planted.text(n === 3 ? `ZZTEST^DÉMO${number}` : `ZZTEST^DEMO${number}`),
    id: planted.text(`ZZ-${digits(random.integer(0, 999), 3)}${digits(n, 5)}`),
    otherId: planted.text(`ZZOTHER-${digits(random.integer(0, 9999), 4)}-${number}`),
    birthDate: planted.date(
      `${2099 - ageYears}${digits(random.integer(1, 12), 2)}${digits(random.integer(1, 28), 2)}`,
    ),
    sex: random.next() < 0.5 ? 'F' : 'M',
    ageYears,
    address: planted.text(`${random.integer(1, 99)} ZZTEST STREET ${number}`),
    telephone: planted.text(`ZZ-555-${digits(random.integer(0, 9999), 4)}`),
  };
}

/** Study of number `n` (from 1) of the archive. */
export function makeStudy(
  n: number,
  patient: DemoPatient,
  equipment: DemoEquipment,
  description: string,
  seed: number,
  random: Random,
  planted: Planted,
): DemoStudy {
  planted.text(equipment.station);
  planted.text(equipment.serial);
  return {
    patient,
    equipment,
    uid: `${DEMO_UID_ROOT}.${seed}.${random.integer(1e8, 999999999)}.${n}`,
    frameOfReferenceUid: `${DEMO_UID_ROOT}.${seed}.${random.integer(1e8, 999999999)}.${n}.9`,
    id: planted.text(`ZZSTUDY${digits(n, 4)}`),
    date: planted.date(`2099${digits(random.integer(1, 12), 2)}${digits(random.integer(1, 28), 2)}`),
    time: `${digits(random.integer(7, 19), 2)}${digits(random.integer(0, 59), 2)}${digits(random.integer(0, 59), 2)}`,
    accession: planted.text(`ZZACC${digits(random.integer(0, 9999), 4)}${digits(n, 4)}`),
    description: planted.text(`${description} ZZTEST`),
    institution: planted.text('ZZ Demo Hospital'),
    referringPhysician: planted.text('ZZTEST^REFERRER'),
    performingPhysician: planted.text('ZZTEST^RADIOLOGIST'),
    operator: planted.text('ZZTEST^OPERATOR'),
  };
}

export interface SeriesHeader {
  uid: string;
  number: number;
  modality: string;
  description: string;
  protocol?: string;
  bodyPartExamined?: string;
}

/** The elements of patient, study, equipment and series that every object of an archive carries. */
export function commonElements(
  study: DemoStudy,
  series: SeriesHeader,
  sopClassUid: string,
  sopInstanceUid: string,
  planted: Planted,
): DicomElement[] {
  const { patient, equipment } = study;
  const elements: DicomElement[] = [
    [0x00080005, 'CS', 'ISO_IR 192'],
    [0x00080016, 'UI', sopClassUid],
    [0x00080018, 'UI', sopInstanceUid],
    [0x00080020, 'DA', study.date],
    [0x00080021, 'DA', study.date],
    [0x00080030, 'TM', study.time],
    [0x00080031, 'TM', study.time],
    [0x00080050, 'SH', study.accession],
    [0x00080060, 'CS', series.modality],
    [0x00080070, 'LO', equipment.manufacturer],
    [0x00080080, 'LO', study.institution],
    [0x00080081, 'ST', planted.text('1 ZZTEST HOSPITAL ROAD')],
    [0x00080090, 'PN', study.referringPhysician],
    [0x00081010, 'SH', equipment.station],
    [0x00081030, 'LO', study.description],
    [0x0008103e, 'LO', series.description],
    [0x00081040, 'LO', planted.text('ZZ RADIOLOGY DEPT')],
    [0x00081050, 'PN', study.performingPhysician],
    [0x00081070, 'PN', study.operator],
    [0x00081090, 'LO', equipment.model],
    [0x00100010, 'PN', patient.name],
    [0x00100020, 'LO', patient.id],
    [0x00100030, 'DA', patient.birthDate],
    [0x00100040, 'CS', patient.sex],
    [0x00101000, 'LO', patient.otherId],
    [0x00101010, 'AS', `${digits(patient.ageYears, 3)}Y`],
    [0x00101040, 'LO', patient.address],
    [0x00102154, 'SH', patient.telephone],
    [0x00104000, 'LT', planted.text(`ZZTEST NOTE: CALL ${patient.telephone}`)],
    [0x00181000, 'LO', equipment.serial],
    [0x00181020, 'LO', equipment.softwareVersion],
    [0x0020000d, 'UI', study.uid],
    [0x0020000e, 'UI', series.uid],
    [0x00200010, 'SH', study.id],
    [0x00200011, 'IS', series.number],
  ];
  if (series.protocol !== undefined) elements.push([0x00181030, 'LO', series.protocol]);
  if (series.bodyPartExamined !== undefined) elements.push([0x00180015, 'CS', series.bodyPartExamined]);
  return elements;
}

/** Nested and private carriers of identifiers, as scanners write them. */
export function carrierElements(study: DemoStudy, planted: Planted): DicomElement[] {
  const { patient, equipment } = study;
  return [
    [0x00090010, 'LO', equipment.privateCreator],
    [0x00091001, 'LO', planted.text(`ZZPRIVATE ${patient.id}`)],
    [0x00110010, 'LO', planted.text('ZZTEST PRIVATE')],
    [0x00111001, 'UN', Buffer.from(planted.text(`ZZUNKNOWN ${patient.otherId}`).padEnd(40, ' '))],
    [
      0x00081140,
      'SQ',
      [
        [
          [0x00081150, 'UI', '1.2.840.10008.5.1.4.1.1.2'],
          [0x00081155, 'UI', `${study.uid}.77`],
        ],
      ],
    ],
    [
      0x00400275,
      'SQ',
      [
        [
          [0x00400007, 'LO', planted.text(`ZZSTEP ${study.accession}`)],
          [0x00400009, 'SH', `${study.id}S`],
          [
            0x00400008,
            'SQ',
            [
              [
                [0x00080100, 'SH', 'ZZCODE'],
                [0x00080102, 'SH', '99ZZ'],
                [0x00080104, 'LO', planted.text(`ZZMEANING FOR ${patient.id}`)],
              ],
            ],
          ],
        ],
      ],
    ],
  ];
}
