import type { Axis } from '../models/labels.ts';
import type { TransferSyntaxName } from './dicom-writer.ts';
import type { EQUIPMENT, ExpectedLabels } from './headers.ts';

/** One image series of the demo: where it is cut from a volume, and what its header says. */
export interface SeriesPlan {
  name: string;
  volume: string;
  /** Along the stack. Axial: below the volume's first slice; coronal: y; sagittal: x (LPS). */
  fromMm: number;
  toMm: number;
  spacingMm: number;
  thicknessMm: number;
  /** Middle of the field of view. Axial: x, y; coronal: x, and below the first slice; sagittal: y, and the same. */
  centreMm: [number, number];
  rows: number;
  columns: number;
  pixelMm: number;
  kernel: 'soft' | 'bone';
  labels: ExpectedLabels;
  seriesNumber: number;
  description: string;
  protocol: string;
  bodyPartExamined?: string;
  imageType: string[];
  /** Contrast/Bolus Agent; absent when the header is silent. */
  contrastAgent?: string;
  gantryTiltDeg?: number;
  /** Index of a slice that the export lost. */
  missingSlice?: number;
  /** Instance numbers run against the order head to foot, front to back or right to left. */
  reversed?: boolean;
  container?: 'zip' | 'tar';
  transferSyntax?: TransferSyntaxName;
  undefinedLengths?: boolean;
  /** True when body part or plane in the header contradict the pixels. */
  headerLies?: boolean;
}

/** One study of the demo and its image series. */
export interface StudyPlan {
  /** Number of the patient, from 1. */
  patient: number;
  equipment: keyof typeof EQUIPMENT;
  description: string;
  series: SeriesPlan[];
}

const AXIAL = ['ORIGINAL', 'PRIMARY', 'AXIAL'];
const HELICAL = ['ORIGINAL', 'PRIMARY', 'AXIAL', 'CT_SOM5 SPI'];
const REFORMATTED = ['DERIVED', 'SECONDARY', 'REFORMATTED', 'AVERAGE'];
const MPR = ['DERIVED', 'PRIMARY', 'MPR', 'CT_SOM5 MPR'];

const labels = (
  bodyPart: ExpectedLabels['bodyPart'],
  axis: Axis,
  contrast: ExpectedLabels['contrast'],
): ExpectedLabels => ({ bodyPart, axis, contrast });

/** One acquisition, reconstructed with two kernels. */
const CHEST_AXIAL = {
  volume: 'lidc0001',
  fromMm: 14,
  toMm: 279,
  spacingMm: 5,
  centreMm: [0, 0] as [number, number],
  rows: 144,
  columns: 144,
  pixelMm: 2.5,
  labels: labels('chest', 'axial', 'yes'),
  protocol: '6.1 CHEST ROUTINE',
  bodyPartExamined: 'CHEST',
  imageType: AXIAL,
  contrastAgent: 'OMNI 350',
};

/** The demo's four patients and six studies. Ranges follow the landmarks of the volumes. */
export const DEMO_STUDIES: readonly StudyPlan[] = [
  {
    patient: 1,
    equipment: 'ge',
    description: 'CT CHEST W CONTRAST',
    series: [
      {
        ...CHEST_AXIAL,
        name: 'chest-axial-soft',
        thicknessMm: 5,
        kernel: 'soft',
        seriesNumber: 2,
        description: 'AX CHEST SOFT 5MM',
        undefinedLengths: true,
      },
      {
        ...CHEST_AXIAL,
        name: 'chest-axial-bone',
        thicknessMm: 2.5,
        kernel: 'bone',
        seriesNumber: 3,
        description: 'AX CHEST BONE',
        reversed: true,
      },
      {
        name: 'chest-coronal',
        volume: 'lidc0001',
        fromMm: -105,
        toMm: 125,
        spacingMm: 5,
        thicknessMm: 5,
        centreMm: [0, 150],
        rows: 144,
        columns: 144,
        pixelMm: 2.5,
        kernel: 'soft',
        labels: labels('chest', 'coronal', 'yes'),
        seriesNumber: 4,
        description: 'AX CHEST 5MM',
        protocol: '6.1 CHEST ROUTINE',
        bodyPartExamined: 'CHEST',
        imageType: REFORMATTED,
        contrastAgent: 'OMNI 350',
        headerLies: true,
      },
    ],
  },
  {
    patient: 1,
    equipment: 'siemens',
    description: 'CT THORAX LIMITED',
    series: [
      {
        name: 'chest-axial-native',
        volume: 'lungfcp0001',
        fromMm: 2,
        toMm: 95,
        spacingMm: 3,
        thicknessMm: 3,
        centreMm: [0, 0],
        rows: 160,
        columns: 160,
        pixelMm: 2.4,
        kernel: 'soft',
        labels: labels('chest', 'axial', 'no'),
        seriesNumber: 2,
        description: 'Thorax 3.0 B30f',
        protocol: 'ThoraxRoutine',
        bodyPartExamined: 'HEAD',
        imageType: HELICAL,
        headerLies: true,
      },
    ],
  },
  {
    patient: 2,
    equipment: 'siemens',
    description: 'CT ABDOMEN PELVIS',
    series: [
      {
        name: 'abdomen-pelvis-axial',
        volume: 'tcga_ay4070',
        fromMm: 45,
        toMm: 414,
        spacingMm: 7.5,
        thicknessMm: 7.5,
        centreMm: [0, 0],
        rows: 160,
        columns: 160,
        pixelMm: 2.6,
        kernel: 'soft',
        labels: labels('abdomen-pelvis', 'axial', 'yes'),
        seriesNumber: 2,
        description: 'Abdomen Pelvis 7.5 B30f',
        protocol: 'AbdomenPelvisRoutine',
        bodyPartExamined: 'ABDOMEN',
        imageType: HELICAL,
        contrastAgent: 'ULTRAVIST 300',
      },
      {
        name: 'abdomen-pelvis-coronal',
        volume: 'tcga_ay4070',
        fromMm: -130,
        toMm: 110,
        spacingMm: 6,
        thicknessMm: 6,
        centreMm: [0, 229],
        rows: 144,
        columns: 160,
        pixelMm: 2.6,
        kernel: 'soft',
        labels: labels('abdomen-pelvis', 'coronal', 'yes'),
        seriesNumber: 3,
        description: 'Abdomen Pelvis COR 6.0 MPR',
        protocol: 'AbdomenPelvisRoutine',
        bodyPartExamined: 'ABDOMEN',
        imageType: MPR,
        contrastAgent: 'ULTRAVIST 300',
        reversed: true,
      },
      {
        name: 'l-spine-sagittal',
        volume: 'tcga_ay4070',
        fromMm: -40,
        toMm: 40,
        spacingMm: 4,
        thicknessMm: 4,
        centreMm: [60, 205],
        rows: 128,
        columns: 128,
        pixelMm: 1.7,
        kernel: 'bone',
        labels: labels('l-spine', 'sagittal', 'yes'),
        seriesNumber: 4,
        description: 'LWS SAG 4.0 B60f',
        protocol: 'AbdomenPelvisRoutine',
        bodyPartExamined: 'LSPINE',
        imageType: MPR,
        transferSyntax: 'deflated',
      },
      {
        name: 'pelvis-axial',
        volume: 'tcga_ay4070',
        fromMm: 238,
        toMm: 413,
        spacingMm: 5,
        thicknessMm: 5,
        centreMm: [0, 10],
        rows: 160,
        columns: 160,
        pixelMm: 2.5,
        kernel: 'bone',
        labels: labels('pelvis', 'axial', 'yes'),
        seriesNumber: 5,
        description: 'Pelvis 5.0 B60f',
        protocol: 'AbdomenPelvisRoutine',
        bodyPartExamined: 'PELVIS',
        imageType: HELICAL,
        contrastAgent: 'ULTRAVIST 300',
      },
    ],
  },
  {
    patient: 3,
    equipment: 'ge',
    description: 'CT HEAD AND C-SPINE WO',
    series: [
      {
        name: 'head-axial-tilted',
        volume: 'acrin001_wb',
        fromMm: 42,
        toMm: 182,
        spacingMm: 5,
        thicknessMm: 5,
        centreMm: [-9, -42],
        rows: 128,
        columns: 128,
        pixelMm: 1.9,
        kernel: 'soft',
        labels: labels('head', 'axial', 'no'),
        seriesNumber: 2,
        description: 'HEAD WO 5MM',
        protocol: '1.1 HEAD ROUTINE',
        bodyPartExamined: 'HEAD',
        imageType: AXIAL,
        gantryTiltDeg: 12,
      },
      {
        name: 'c-spine-sagittal',
        volume: 'acrin001_wb',
        fromMm: -38,
        toMm: 34,
        spacingMm: 3,
        thicknessMm: 3,
        centreMm: [0, 240],
        rows: 128,
        columns: 128,
        pixelMm: 1.5,
        kernel: 'bone',
        labels: labels('c-spine', 'sagittal', 'no'),
        seriesNumber: 3,
        description: 'SAG C-SPINE BONE',
        protocol: '2.3 C-SPINE',
        imageType: REFORMATTED,
      },
    ],
  },
  {
    patient: 3,
    equipment: 'ge',
    description: 'CT CHEST ABDOMEN PELVIS WO',
    series: [
      {
        name: 'chest-abdomen-pelvis-axial',
        volume: 'acrin001_wb',
        fromMm: 322,
        toMm: 874,
        spacingMm: 10,
        thicknessMm: 5,
        centreMm: [0, 20],
        rows: 160,
        columns: 160,
        pixelMm: 2.9,
        kernel: 'soft',
        labels: labels('chest-abdomen-pelvis', 'axial', 'no'),
        seriesNumber: 2,
        description: 'CAP WO 5MM',
        protocol: '5.2 CAP',
        bodyPartExamined: 'CHEST',
        imageType: AXIAL,
      },
      {
        name: 'chest-abdomen-pelvis-coronal',
        volume: 'acrin001_wb',
        fromMm: -120,
        toMm: 160,
        spacingMm: 7,
        thicknessMm: 7,
        centreMm: [0, 598],
        rows: 192,
        columns: 160,
        pixelMm: 2.9,
        kernel: 'soft',
        labels: labels('chest-abdomen-pelvis', 'coronal', 'no'),
        seriesNumber: 3,
        description: 'COR CAP',
        protocol: '5.2 CAP',
        bodyPartExamined: 'CHEST',
        imageType: REFORMATTED,
      },
    ],
  },
  {
    patient: 4,
    equipment: 'philips',
    description: 'CT ABDOMEN LIVER',
    series: [
      {
        name: 'abdomen-axial-gap',
        volume: 'panc_cb001',
        fromMm: 8,
        toMm: 262,
        spacingMm: 5,
        thicknessMm: 5,
        centreMm: [0, 20],
        rows: 160,
        columns: 160,
        pixelMm: 2.7,
        kernel: 'soft',
        labels: labels('abdomen', 'axial', 'yes'),
        seriesNumber: 201,
        description: 'ABDOMEN PV 5MM',
        protocol: 'Abdomen/Liver',
        bodyPartExamined: 'ABDOMEN',
        imageType: HELICAL.slice(0, 3),
        contrastAgent: 'CONTRAST',
        missingSlice: 31,
      },
      {
        name: 'abdomen-sagittal-zip',
        volume: 'panc_cb001',
        fromMm: -150,
        toMm: 150,
        spacingMm: 7.5,
        thicknessMm: 7.5,
        centreMm: [20, 135],
        rows: 128,
        columns: 128,
        pixelMm: 2.4,
        kernel: 'soft',
        labels: labels('abdomen', 'sagittal', 'yes'),
        seriesNumber: 202,
        description: 'SAG ABDOMEN PV',
        protocol: 'Abdomen/Liver',
        imageType: ['DERIVED', 'SECONDARY', 'MPR'],
        container: 'zip',
      },
      {
        name: 'abdomen-axial-tar',
        volume: 'crlm1004',
        fromMm: 3,
        toMm: 203,
        spacingMm: 5,
        thicknessMm: 5,
        centreMm: [0, 0],
        rows: 144,
        columns: 144,
        pixelMm: 2.7,
        kernel: 'soft',
        labels: labels('abdomen', 'axial', 'yes'),
        seriesNumber: 203,
        description: 'ABDOMEN LATE 5MM',
        protocol: 'Abdomen/Liver',
        bodyPartExamined: 'ABDOMEN',
        imageType: HELICAL.slice(0, 3),
        contrastAgent: 'CONTRAST',
        container: 'tar',
        transferSyntax: 'implicit',
      },
    ],
  },
];
