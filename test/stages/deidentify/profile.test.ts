import { describe, expect, it } from 'vitest';
import { encodeElement, encodingOfTransferSyntax } from '../../../dicom/encode.ts';
import { readDicom } from '../../../dicom/read.ts';
import { lookUpTag, tag } from '../../../dicom/tags.ts';
import { TRANSFER_SYNTAXES } from '../../../dicom/uids.ts';
import { getItems, getString } from '../../../dicom/values.ts';
import { isStringVr } from '../../../dicom/vr.ts';
import { deidentifyInstance } from '../../../stages/deidentify/deidentify-instance.ts';
import { ProfileError, type ProfileSpec, type ResolvedRule } from '../../../stages/deidentify/profile.ts';
import { createPseudonymizer } from '../../../stages/deidentify/pseudonyms.ts';
import { type CanaryValue, datasetOf, ESSENTIAL_CT, encodeFile } from '../../fixtures/canary.ts';
import { deidentifyOptions, joinOutput, TEST_KEY } from '../../fixtures/deidentify.ts';
import { validText } from '../../fixtures/profile-paths.ts';

function problemsOf(spec: Partial<ProfileSpec>): readonly string[] {
  try {
    deidentifyOptions(spec);
    return [];
  } catch (error) {
    if (error instanceof ProfileError) return error.problems.map(({ message }) => message);
    throw error;
  }
}

function read(values: Record<string, CanaryValue>, spec: Partial<ProfileSpec> = {}) {
  const { record, output } = deidentifyInstance(
    encodeFile(datasetOf({ ...ESSENTIAL_CT, ...values })),
    deidentifyOptions(spec),
  );
  expect(record.reason).toBeNull();
  const file = readDicom(joinOutput(output!));
  return {
    get: (keyword: string) => getString(file, file.dataset, tag(keyword)),
    has: (keyword: string) => file.dataset.elements.has(tag(keyword)),
    methods: getItems(file.dataset, tag('DeidentificationMethodCodeSequence')).map((item) =>
      getString(file, item.dataset, tag('CodeValue')),
    ),
    record,
  };
}

describe('resolveProfile', () => {
  it('tells every problem at once', () => {
    const add = ['InstitutionName', 'PatientSpeciesDescription', 'NoSuchThing', 'ImageComments', 'StudyDate'];
    const problems = problemsOf({
      whitelist: { add: [...add, 'InstanceCreationDate'], remove: ['Rows', 'Nonsense'] },
    });
    expect(problems).toHaveLength(7);
    expect(problems[0]).toContain('InstitutionName is removed by PS3.15 table E.1-1');
    expect(problems[1]).toContain('no value grammar');
    expect(problems[2]).toContain('NoSuchThing is not an attribute of PS3.6');
    expect(problems[4]).toContain('InstanceCreationDate is a date or a time');
    expect(problems[5]).toContain('Rows cannot be left out');
  });

  it('takes attributes whose values can be checked', () => {
    const { get } = read(
      { ImageAndFluoroscopyAreaDoseProduct: '12.5', InstanceCreatorUID: '1.2.3.9' },
      { whitelist: { add: ['ImageAndFluoroscopyAreaDoseProduct', 'InstanceCreatorUID'], remove: [] } },
    );
    expect(get('ImageAndFluoroscopyAreaDoseProduct')).toBe('12.5');
    expect(get('InstanceCreatorUID')).toMatch(/^2\.25\./);
  });

  it('leaves out what the pipeline does not want, and empties what must be there', () => {
    const values = { PatientSex: 'F', PatientAge: '050Y', PatientSize: '1.7', KVP: '120' };
    const remove = ['PatientSex', 'PatientAge', 'PatientSize', 'PatientWeight', 'KVP'];
    const all = read(values);
    expect(all.get('PatientSex')).toBe('F');
    expect(all.methods).toEqual(['113100', '113105', '113108']);
    const less = read(values, { whitelist: { add: [], remove } });
    expect(less.has('PatientSex') && less.get('PatientSex') === undefined).toBe(true);
    expect(less.has('PatientAge')).toBe(false);
    expect(less.has('KVP') && less.get('KVP') === undefined).toBe(true);
    expect(less.methods).toEqual(['113100', '113105']);
  });

  it('removes dates, or shifts them and keeps intervals', () => {
    const values = {
      PatientID: 'ZZ1',
      StudyDate: '20200301',
      StudyTime: '101500',
      AcquisitionDate: '20200311',
      AcquisitionDateTime: '20200311101500.5',
      PatientBirthDate: '19500101',
    };
    const removed = read(values);
    expect(removed.has('StudyDate') && removed.get('StudyDate') === undefined).toBe(true);
    expect(removed.has('AcquisitionDate')).toBe(false);
    expect(removed.get('LongitudinalTemporalInformationModified')).toBe('REMOVED');
    const shifted = read(values, { dates: 'shift' });
    const days = createPseudonymizer(TEST_KEY).dateShiftDays('ZZ1', null, '');
    const dayOf = (text: string) =>
      Date.UTC(Number(text.slice(0, 4)), Number(text.slice(4, 6)) - 1, Number(text.slice(6, 8))) / 86_400_000;
    expect(dayOf(shifted.get('StudyDate')!) - dayOf('20200301')).toBe(days);
    expect(dayOf(shifted.get('AcquisitionDate')!) - dayOf(shifted.get('StudyDate')!)).toBe(10);
    expect(shifted.get('AcquisitionDateTime')).toBe(`${shifted.get('AcquisitionDate')}101500.5`);
    expect(shifted.get('StudyTime')).toBe('101500');
    expect(shifted.get('PatientBirthDate')).toBeUndefined();
    expect(shifted.get('LongitudinalTemporalInformationModified')).toBe('MODIFIED');
    expect(shifted.methods).toEqual(['113100', '113105', '113107', '113108']);
  });
});

describe('a value that fits', () => {
  const { profile } = deidentifyOptions();
  const syntaxes = [
    TRANSFER_SYNTAXES.explicitVrLittleEndian,
    TRANSFER_SYNTAXES.implicitVrLittleEndian,
    TRANSFER_SYNTAXES.explicitVrBigEndian,
  ];

  it.each(syntaxes)('stays to the byte in every kept attribute, in %s', (transferSyntaxUid) => {
    const encoding = encodingOfTransferSyntax(transferSyntaxUid);
    let checked = 0;
    for (const rule of profile.rules.values()) {
      const { keyword } = lookUpTag(rule.tag)!;
      const value = validValue(rule);
      if (value === null || keyword in ESSENTIAL_CT || LEFT_OUT.has(keyword)) continue;
      const source = datasetOf({ ...ESSENTIAL_CT, [keyword]: value });
      const bytes = encodeFile(source, { transferSyntaxUid });
      const { output } = deidentifyInstance(bytes, deidentifyOptions());
      const element = encodeElement(rule.tag, rule.vrs[0]!, value, encoding);
      expect(Buffer.concat(output!).includes(Buffer.from(element)), keyword).toBe(true);
      checked += 1;
    }
    expect(checked).toBeGreaterThan(110);
  });
});

/** Follow other attributes: one sample a pixel has no planes, and a burned-in annotation stops the instance. */
const LEFT_OUT = new Set(['PlanarConfiguration', 'NumberOfFrames', 'BurnedInAnnotation']);

function validValue(rule: ResolvedRule): string | number[] | null {
  if (!COMPARED.has(rule.row.grammar?.kind ?? '')) return null;
  const text = validText(rule);
  return isStringVr(rule.vrs[0]!) ? text : text.split('\\').map(Number);
}

/** Of the others, values are written anew, or dates gone. */
const COMPARED = new Set([
  'number',
  'integer',
  'terms',
  'vendor',
  'age',
  'patient-orientation',
  'pixel-presentation',
]);
