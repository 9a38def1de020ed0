import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  describeHeaders,
  type HeaderWords,
  NO_HEADER_WORDS,
} from '../../../stages/evidence/header-evidence.ts';
import { foldText, readTermTable } from '../../../stages/evidence/term-table.ts';

const says = (words: Partial<HeaderWords>) => describeHeaders({ ...NO_HEADER_WORDS, ...words });
const series = (seriesDescription: string) => says({ seriesDescription });

describe('body part', () => {
  it.each([
    ['CT Schädel nativ', 'head'],
    ['Gesichtsschädel', 'face-orbits-sinus'],
    ['NNH cor', 'face-orbits-sinus'],
    ['Felsenbein bds', 'temporal-bone'],
    ['Rochers', 'temporal-bone'],
    ['Kopf/Hals', 'head-and-neck'],
    ['Cuello con contraste', 'neck'],
    ['HWS sag', 'c-spine'],
    ['C and T spine', 'c-and-t-spine'],
    ['Rachis lombaire', 'l-spine'],
    ['Tórax', 'chest'],
    ['Abdômen', 'abdomen'],
    ['Abdome total', 'abdomen'],
    ['Thorax/Abdomen/Becken', 'chest-abdomen-pelvis'],
    ['TAP', 'chest-abdomen-pelvis'],
    ['C-A-P', 'chest-abdomen-pelvis'],
    ['C/A/P', 'chest-abdomen-pelvis'],
    ['Abdomen-bekken', 'abdomen-pelvis'],
    ['Bacino', 'pelvis'],
    ['胸部', 'chest'],
    ['腹部造影', 'abdomen'],
    ['头颅平扫', 'head'],
    // Silent: no label, several meanings, or nobody knows which.
    ['Neck + chest', null],
    ['Chest Abdomen', null],
    ['Abdomen or pelvis', null],
    ['PET skull base to mid-thigh', null],
    ['SCOUT AP', null],
    ['Knee', null],
    ['CT spine', null],
    ['HEAD IN', null],
    ['Routine 5mm', null],
  ] as const)('%s: %s', (text, label) => {
    expect(series(text).bodyPart).toBe(label);
  });

  it('takes the words nearest to the series', () => {
    expect(says({ seriesDescription: 'CHEST 1.25', bodyPartExamined: 'ABDOMEN' }).bodyPart).toBe('chest');
    expect(says({ protocolName: 'Head', studyDescription: 'CT CHEST' }).bodyPart).toBe('head');
    expect(says({ bodyPartExamined: 'CHEST', studyDescription: 'CT chest wo' }).bodyPart).toBe('chest');
    expect(says({ bodyPartExamined: 'CHEST', studyDescription: 'CT CAP' }).bodyPart).toBeNull();
    expect(says({ bodyPartExamined: 'CTSPINE' }).bodyPart).toBe('c-and-t-spine');
    expect(says({ protocolName: 'Abdomen^Thorax_Routine' }).bodyPart).toBe('chest');
    // A region without a label is no reason to believe a word farther away.
    expect(says({ seriesDescription: 'Knee', bodyPartExamined: 'CHEST' }).bodyPart).toBeNull();
  });

  it('takes "lung" for a region only where nothing else is named', () => {
    expect(series('LUNG').bodyPart).toBe('chest');
    expect(series('ABD LUNG').bodyPart).toBe('abdomen');
    expect(says({ seriesDescription: 'LUNG', studyDescription: 'CT CAP' }).bodyPart).toBeNull();
  });
});

describe('axis', () => {
  it.each([
    ['AX 5mm', 'axial'],
    ['BodyAXW', 'axial'],
    ['koronar 3mm', 'coronal'],
    ['SAGITAL', 'sagittal'],
    ['Venous phase 5.0 MPR sag', 'sagittal'],
    ['COR/SAG', null],
    ['CT Atten Cor Head In', null],
    ['Coronary CTA', null],
    ['MPR', null],
    ['MAX CARE', null],
  ] as const)('%s: %s', (text, axis) => {
    expect(series(text).axis).toBe(axis);
  });

  it('believes Image Type for the planes of reformats alone', () => {
    expect(says({ imageType: ['DERIVED', 'SECONDARY', 'CORONAL'] }).axis).toBe('coronal');
    expect(says({ imageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'] }).axis).toBeNull();
  });
});

describe('contrast', () => {
  it.each([
    ['CHEST W/O', 'no', 'non-contrast'],
    ['Thorax nativ', 'no', 'non-contrast'],
    ['Crâne sans injection', 'no', 'non-contrast'],
    ['Abdomen ohne KM', 'no', 'non-contrast'],
    ['sin contraste', 'no', 'non-contrast'],
    ['basale senza mdc', 'no', 'non-contrast'],
    ['zonder contrast', 'no', 'non-contrast'],
    ['CHEST C-', 'no', 'non-contrast'],
    ['CHEST -C', 'no', 'non-contrast'],
    ['NON-CON', 'no', 'non-contrast'],
    ['头颅平扫', 'no', 'non-contrast'],
    ['ThoraxC+', 'yes', null],
    ['Abdomen mit KM', 'yes', null],
    ['avec injection', 'yes', null],
    ['LIVER ARTERIAL', 'yes', 'arterial'],
    ['Abdomen PV', 'yes', 'portal-venous'],
    ['portal-venöse Phase', 'yes', 'portal-venous'],
    ['5 min delay', 'yes', 'delayed'],
    ['CT AB/PEL IV AND ORAL CONTRAST', 'yes', null],
    ['造影', 'yes', null],
    // Silent.
    ['C-A-P', null, null],
    ['C-SPINE', null, null],
    ['w/ and w/o', null, null],
    ['W&WO', null, null],
    ['Triphasic liver', null, null],
    ['oral contrast only', null, null],
    ['without oral contrast', null, null],
    ['Pre-op planning', null, null],
    ['LUNG W', null, null],
    ['CT with registered MR', null, null],
    ['Virtual non contrast', null, null],
    ['Chest 1mm', null, null],
  ] as const)('%s: %s, %s', (text, contrast, phase) => {
    expect(series(text)).toMatchObject({ contrast, phase });
  });

  it('reads the agent, and no oral one', () => {
    expect(says({ contrastBolusAgent: 'OMNIPAQUE 350' }).contrast).toBe('yes');
    expect(says({ contrastBolusAgent: 'IV' }).contrast).toBe('yes');
    expect(says({ contrastBolusAgent: 'APPLIED', contrastBolusRoute: 'Oral route' }).contrast).toBeNull();
    expect(says({ contrastBolusAgent: 'Oral' }).contrast).toBeNull();
    expect(says({ contrastBolusAgent: 'Barium contrast' }).contrast).toBeNull();
    expect(says({ contrastBolusAgent: 'IV & ORAL' }).contrast).toBe('yes');
    expect(says({ contrastBolusAgent: 'none' }).contrast).toBe('no');
    expect(says({ contrastBolusAgent: '' }).contrast).toBeNull();
  });

  it('is silent where series and agent contradict each other, and lets the series win over the study', () => {
    expect(says({ contrastBolusAgent: 'IV', seriesDescription: 'W/O' }).contrast).toBeNull();
    expect(says({ seriesDescription: 'NATIV', studyDescription: 'CT chest w contrast' }).contrast).toBe('no');
    expect(says({ studyDescription: 'PRE TAVR' }).contrast).toBeNull();
    expect(says({ studyDescription: 'PET/CT DELAY' }).contrast).toBeNull();
  });
});

describe('kernel class', () => {
  it.each([
    ['GE MEDICAL SYSTEMS', 'STANDARD', 'soft'],
    ['GE MEDICAL SYSTEMS', 'BONEPLUS', 'bone'],
    ['GE MEDICAL SYSTEMS', 'LUNG', 'lung'],
    ['SIEMENS', 'B30f', 'soft'],
    ['SIEMENS', 'Br40d\\3', 'soft'],
    ['SIEMENS', 'Bl57d', 'lung'],
    ['SIEMENS', 'B70f', null],
    ['Philips', 'B', 'soft'],
    ['TOSHIBA', 'FC52', 'lung'],
    ['TOSHIBA', 'FC30', 'bone'],
    [null, 'B30f', null],
    ['SIEMENS', null, null],
  ] as const)('%s %s: %s', (manufacturer, convolutionKernel, kernelClass) => {
    expect(says({ manufacturer, convolutionKernel }).kernelClass).toBe(kernelClass);
  });
});

describe('hints', () => {
  it.each([
    ['Topogram 0.6 T20f', ['localizer']],
    ['Scanogramm', ['localizer']],
    ['Dose Report', ['dose-report']],
    ['Patientenprotokoll', ['dose-report']],
    ['Rapport dose.', ['dose-report']],
    ['Low Dose Chest', []],
    ['PreMonitoring', ['bolus-tracking']],
    ['Smart Prep Series', ['bolus-tracking']],
    ['i-Fluoro 4.8', ['fluoroscopy']],
    ['AX MIP 8x5', ['mip']],
    ['VRT', ['volume-rendering']],
    ['FOR 3D RECON', []],
    ['CBF', ['perfusion']],
    ['Screen Save', ['screen-save']],
    ['Snapshot Pulse', []],
  ] as const)('%s: %j', (text, hints) => {
    expect(series(text).hints).toEqual(hints);
  });

  it('believe of a study only that it shows a phantom', () => {
    expect(says({ studyDescription: 'CT CHEST WITH MIPS' }).hints).toEqual([]);
    expect(says({ studyDescription: 'CCR Phantom' }).hints).toEqual(['phantom']);
    expect(says({ bodyPartExamined: 'PHANTOM' })).toMatchObject({ hints: ['phantom'], bodyPart: null });
  });
});

describe('any text', () => {
  it('gives an answer of the vocabulary, the same each time, and never throws', () => {
    const text = fc.option(
      fc.oneof(fc.string({ unit: 'grapheme', maxLength: 80 }), fc.constantFrom('CHEST', 'W/O', 'ax')),
    );
    fc.assert(
      fc.property(text, text, text, (seriesDescription, studyDescription, contrastBolusAgent) => {
        const words = { ...NO_HEADER_WORDS, seriesDescription, studyDescription, contrastBolusAgent };
        expect(describeHeaders(words)).toEqual(describeHeaders(words));
      }),
    );
  });
});

describe('tables of words', () => {
  it('refuse mistakes', () => {
    expect(() => readTermTable('head head', ['head'])).toThrow(TypeError);
    expect(() => readTermTable('head = tail', ['head'])).toThrow(TypeError);
    expect(() => readTermTable('head = head\nhead = head', ['head'])).toThrow(TypeError);
    expect(() => readTermTable('Schädel = head', ['head'])).toThrow(TypeError);
  });

  it('fold texts and take the longest term', () => {
    expect(foldText('HeadNeck ÉTÉ Kręgosłup CTAbdomen')).toBe('head neck ete kregoslup ct abdomen');
    const table = readTermTable('non con = no\ncon = yes', ['no', 'yes']);
    expect(table.find('non-con, con')).toEqual(['no', 'yes']);
    expect(table.find('second')).toEqual([]);
  });
});
