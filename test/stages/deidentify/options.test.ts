import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDicom } from '../../../dicom/read.ts';
import { lookUpTag, tag } from '../../../dicom/tags.ts';
import { getItems, getString, getStrings } from '../../../dicom/values.ts';
import { auditInstance } from '../../../stages/deidentify/audit-instance.ts';
import { confidentialityOf } from '../../../stages/deidentify/confidentiality.ts';
import { deidentifyInstance } from '../../../stages/deidentify/deidentify-instance.ts';
import { DESCRIPTOR_WORDS, judgeDescriptor } from '../../../stages/deidentify/descriptors.ts';
import { ProfileError, type ProfileSpec, resolveProfile } from '../../../stages/deidentify/profile.ts';
import type { OptionsSpec } from '../../../stages/deidentify/profile-options.ts';
import { createPseudonymizer } from '../../../stages/deidentify/pseudonyms.ts';
import {
  type CanaryDataset,
  type CanaryValue,
  datasetOf,
  ESSENTIAL_CT,
  encodeFile,
  Markers,
  plantEverywhere,
} from '../../fixtures/canary.ts';
import { joinOutput, TEST_KEY } from '../../fixtures/deidentify.ts';

const HOSPITAL = 'Example Hospital';
const ALL: OptionsSpec = {
  retain_uids: true,
  retain_device_identity: { permit: ['CT-ROOM-1', '4711', '1.2.3.77'] },
  retain_institution_identity: { permit: [HOSPITAL] },
  retain_safe_private: true,
  clean_descriptors: true,
  clean_graphics: true,
};

function specOf(options: OptionsSpec, spec: Partial<ProfileSpec> = {}): ProfileSpec {
  return { profile: 'ct-research', dates: 'remove', whitelist: { add: [], remove: [] }, ...spec, options };
}

/** De-identifies, reads the output, and lets the audit of `verify` judge it. */
function read(
  dataset: CanaryDataset,
  options: OptionsSpec,
  spec: Partial<ProfileSpec> = {},
  syntax?: string,
) {
  const profile = resolveProfile(specOf(options, spec));
  const pseudonymizer = createPseudonymizer(TEST_KEY, { retainUids: profile.retainsUids });
  const file = encodeFile(dataset, syntax === undefined ? {} : { transferSyntaxUid: syntax });
  const { record, output } = deidentifyInstance(file, { profile, pseudonymizer, sourceKey: '0'.repeat(32) });
  expect(record.reason).toBeNull();
  const bytes = joinOutput(output!);
  expect(auditInstance(bytes, profile)).toEqual([]);
  const result = readDicom(bytes);
  return {
    record,
    bytes,
    file: result,
    get: (keyword: string) => getString(result, result.dataset, tag(keyword)),
    has: (number: number) => result.dataset.elements.has(number),
    methods: getItems(result.dataset, tag('DeidentificationMethodCodeSequence')).map((item) =>
      getString(result, item.dataset, tag('CodeValue')),
    ),
    texts: getStrings(result, result.dataset, tag('DeidentificationMethod')),
  };
}

const ct = (values: Record<string, CanaryValue> = {}) => datasetOf({ ...ESSENTIAL_CT, ...values });
const problemsOf = (options: OptionsSpec, spec: Partial<ProfileSpec> = {}) => {
  try {
    resolveProfile(specOf(options, spec));
    return [];
  } catch (error) {
    if (error instanceof ProfileError) return error.problems;
    throw error;
  }
};

describe('options of PS3.15', () => {
  it('say no more in the output than before when none is asked for', () => {
    const { methods, texts, get } = read(ct({ PatientSex: 'F' }), {});
    expect(methods).toEqual(['113100', '113105', '113108']);
    expect(texts).toEqual(['Serieswise ct-research 2']);
    expect(get('LongitudinalTemporalInformationModified')).toBe('REMOVED');
  });

  it('let no marker pass that is in an attribute, a sequence or a private block, all of them together', () => {
    for (const dates of ['keep', 'remove'] as const) {
      const markers = new Markers();
      const dataset = plantEverywhere(markers, '');
      for (const [number, element] of ct()) dataset.set(number, element);
      for (const [group, creator] of [
        [0x0019, 'GEMS_ACQU_01'],
        [0x0043, 'GEMS_PARM_01'],
        [0x01f1, 'ELSCINT1'],
      ] as const) {
        dataset.set(((group << 16) | 0x10) >>> 0, { vr: 'LO', value: creator });
        dataset.set(((group << 16) | 0x11) >>> 0, {
          vr: 'LO',
          value: `${creator} ${markers.next('creator')}`,
        });
        for (const element of [0x07, 0x23, 0x24, 0x26, 0x27, 0x28])
          for (const block of [0x1000, 0x1100])
            dataset.set(((group << 16) | block | element) >>> 0, {
              vr: 'LO',
              value: markers.next('private'),
            });
      }
      const { bytes, record } = read(dataset, ALL, { dates });
      expect(markers.survivors(bytes)).toEqual([]);
      expect(markers.survivors(new TextEncoder().encode(JSON.stringify(record)))).toEqual([]);
    }
  });

  it('claim device, institution and private only where there is something of them', () => {
    const none = read(ct({ StationName: 'ZZDOE', InstitutionName: 'ZZTEST^CANARY' }), ALL);
    expect(none.methods).toEqual(['113100', '113103', '113105', '113108', '113110']);
    expect(none.get('StationName')).toBeUndefined();
    expect(none.get('InstitutionName')).toBeUndefined();
    const dataset = ct({
      StationName: 'CT-ROOM-1',
      DeviceSerialNumber: '4711',
      GantryID: 'CT-ROOM-1 ZZDOE',
      DeviceUID: '1.2.3.77',
      InstitutionName: HOSPITAL,
      InstitutionAddress: 'ZZSTREET 1',
    });
    dataset.set(0x00190010, { vr: 'LO', value: 'GEMS_ACQU_01' });
    dataset.set(0x00191023, { vr: 'DS', value: '55.0' });
    const some = read(dataset, ALL);
    expect(some.methods).toEqual([
      '113100',
      '113103',
      '113105',
      '113108',
      '113109',
      '113110',
      '113111',
      '113112',
    ]);
    expect(some.get('StationName')).toBe('CT-ROOM-1');
    expect(some.get('DeviceSerialNumber')).toBe('4711');
    expect(some.get('DeviceUID')).toBe('1.2.3.77');
    expect(some.get('InstitutionName')).toBe(HOSPITAL);
    expect(some.has(tag('GantryID')) || some.has(tag('InstitutionAddress'))).toBe(false);
  });

  it('leave out patient characteristics, and no longer claim them', () => {
    const values = { PatientSex: 'F', PatientAge: '050Y', PatientSize: '1.7', PatientWeight: '70' };
    const { get, has, methods } = read(ct(values), { retain_patient_characteristics: false });
    expect(has(tag('PatientSex')) && get('PatientSex') === undefined).toBe(true);
    expect(has(tag('PatientAge')) || has(tag('PatientSize')) || has(tag('PatientWeight'))).toBe(false);
    expect(methods).toEqual(['113100', '113105']);
  });

  it('claim clean graphics only where bits of pixels could be looked at', () => {
    const dataset = ct();
    const { methods } = read(dataset, { clean_graphics: true });
    expect(methods).toContain('113103');
    const rle = new Uint8Array(64 + 8);
    rle[0] = 2;
    // An RLE header of two segments, each of replicate runs: 64 bytes of zeros. PS3.5 annex G
    rle[4] = 64;
    rle[8] = 68;
    rle.set([0xc1, 0, 0x80, 0x80, 0xc1, 0, 0x80, 0x80], 64);
    const header = Uint8Array.from([
      0xfe,
      0xff,
      0x00,
      0xe0,
      0,
      0,
      0,
      0,
      0xfe,
      0xff,
      0x00,
      0xe0,
      rle.length,
      0,
      0,
      0,
    ]);
    const end = Uint8Array.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
    dataset.delete(tag('PixelData'));
    const plain = encodeFile(dataset, { transferSyntaxUid: '1.2.840.10008.1.2.5' });
    const element = Uint8Array.from([0xe0, 0x7f, 0x10, 0x00, 0x4f, 0x42, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    const profile = resolveProfile(specOf({ clean_graphics: true }));
    const { record, output } = deidentifyInstance(
      new Uint8Array(Buffer.concat([plain, element, header, rle, end])),
      { profile, pseudonymizer: createPseudonymizer(TEST_KEY), sourceKey: '0'.repeat(32) },
    );
    expect(record.reason).toBeNull();
    const file = readDicom(joinOutput(output!));
    const codes = getItems(file.dataset, tag('DeidentificationMethodCodeSequence')).map((item) =>
      getString(file, item.dataset, tag('CodeValue')),
    );
    expect(codes).toEqual(['113100', '113105', '113108']);
  });
});

describe('contradictions', () => {
  it('are told with the place at which the pipeline asks for them', () => {
    expect(problemsOf({ retain_uids: true }, { dates: 'shift' })).toMatchObject([
      { path: ['options', 'retain_uids'] },
    ]);
    expect(problemsOf({ clean_pixel_data: true })).toMatchObject([{ path: ['options', 'clean_pixel_data'] }]);
    expect(
      problemsOf(
        { retain_patient_characteristics: false },
        { whitelist: { add: ['KVP', 'PatientAge'], remove: [] } },
      ),
    ).toMatchObject([
      { path: ['whitelist', 'add', 1], message: expect.stringContaining('retain_patient_characteristics') },
    ]);
    const remove = ['InstitutionName', 'InstitutionAddress', 'InstitutionalDepartmentName'];
    expect(
      problemsOf({ retain_institution_identity: { permit: [HOSPITAL] } }, { whitelist: { add: [], remove } }),
    ).toMatchObject([{ path: ['options', 'retain_institution_identity'] }]);
  });

  it('do not stand in the way of what the standard allows', () => {
    expect(problemsOf(ALL, { dates: 'keep' })).toEqual([]);
    expect(problemsOf({ ...ALL, retain_uids: false }, { dates: 'shift' })).toEqual([]);
    expect(problemsOf({}, { whitelist: { add: ['PregnancyStatus'], remove: [] } })).toEqual([]);
    expect(
      problemsOf({}, { whitelist: { add: ['DateOfLastCalibration'], remove: [] }, dates: 'keep' }),
    ).toEqual([]);
    expect(problemsOf({}, { whitelist: { add: ['StationName'], remove: [] } })[0]?.message).toContain(
      'Retain Device Identity Option',
    );
  });
});

describe('Retain UIDs', () => {
  it('keeps valid UIDs in any nesting, and replaces those that are none', () => {
    const { get, file, record } = read(
      ct({
        StudyInstanceUID: '1.2.826.0.1.19700101.1',
        SeriesInstanceUID: '1.2.03.4',
        FrameOfReferenceUID: '1.2.3.ZZDOE',
        SourceImageSequence: [
          datasetOf({
            ReferencedSOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
            ReferencedSOPInstanceUID: '1.2.826.0.1.5',
          }),
        ],
      }),
      { retain_uids: true },
    );
    expect(get('StudyInstanceUID')).toBe('1.2.826.0.1.19700101.1');
    expect(record.studyInstanceUid).toBe('1.2.826.0.1.19700101.1');
    expect(get('SOPInstanceUID')).toBe('1.2.3.42');
    expect(getString(file, file.meta, 0x00020003)).toBe('1.2.3.42');
    expect(get('SeriesInstanceUID')).toMatch(/^2\.25\./);
    expect(record.seriesInstanceUid).toBe(get('SeriesInstanceUID'));
    expect(get('FrameOfReferenceUID')).toMatch(/^2\.25\./);
    const [item] = getItems(file.dataset, tag('SourceImageSequence'));
    expect(getString(file, item!.dataset, tag('ReferencedSOPInstanceUID'))).toBe('1.2.826.0.1.5');
    expect(record.patientId).toMatch(/^SW/);
  });

  it('touches no UID for which the standard does not say K', () => {
    const profile = resolveProfile(specOf({ retain_uids: true }));
    for (const { path, grammar } of profile.rows) {
      if (grammar?.kind !== 'uid') continue;
      const keyword = path.slice(path.lastIndexOf('>') + 1);
      expect(confidentialityOf(tag(keyword))?.options.retainUids, keyword).toBe('K');
      expect(lookUpTag(tag(keyword))?.vr).toBe('UI');
    }
  });
});

describe('Retain Safe Private', () => {
  const withPrivate = (elements: [number, string, CanaryValue][]) => {
    const dataset = ct();
    for (const [number, vr, value] of elements) dataset.set(number, { vr, value });
    return dataset;
  };

  it.each(['1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.2'])(
    'goes by creator and element, not by block, in %s',
    (syntax) => {
      const dataset = withPrivate([
        [0x00190011, 'LO', 'GEMS_ACQU_01'],
        [0x00191123, 'DS', '-55.0'],
        [0x00191124, 'DS', 'ZZDOE'],
        [0x00191125, 'DS', '1.0'],
        [0x00190010, 'LO', 'OTHER MAKER'],
        [0x00191023, 'DS', '66.0'],
        [0x00450010, 'LO', 'GEMS_HELIOS_01 '],
        [0x00451001, 'SS', 32],
        [0x00451002, 'FL', 0.625],
        [0x00430010, 'LO', 'GEMS_PARM_01'],
        [0x00431027, 'SH', '0.984:1'],
        [0x00330010, 'LO', 'GEMS_ACQU_01'],
        [0x00331023, 'DS', '77.0'],
      ]);
      // In implicit VR a reader sees UN, and so does the filter.
      const { file, has } = read(dataset, { retain_safe_private: true }, {}, syntax);
      const kept = [...file.dataset.elements.keys()].filter((number) => ((number >>> 16) & 1) === 1);
      expect(kept).toEqual([
        0x00190011, 0x00191123, 0x00430010, 0x00431027, 0x00450010, 0x00451001, 0x00451002,
      ]);
      expect(has(0x00191023)).toBe(false);
    },
  );

  it('is off unless it is asked for', () => {
    const dataset = withPrivate([
      [0x00190010, 'LO', 'GEMS_ACQU_01'],
      [0x00191023, 'DS', '-55.0'],
    ]);
    expect(read(dataset, {}).has(0x00191023)).toBe(false);
  });

  it('does not take an element whose creator is missing, comes twice or is longer', () => {
    for (const creator of ['', 'GEMS_ACQU_01 DOE', 'DOE GEMS_ACQU_01', 'GEMS_ACQU_01\\ZZDOE']) {
      const dataset = withPrivate([
        [0x00190010, 'LO', creator],
        [0x00191023, 'DS', '-55.0'],
      ]);
      expect(read(dataset, { retain_safe_private: true }).has(0x00191023), creator).toBe(false);
    }
    const orphan = withPrivate([[0x00191023, 'DS', '-55.0']]);
    expect(read(orphan, { retain_safe_private: true }).has(0x00191023)).toBe(false);
  });
});

describe('Clean Descriptors', () => {
  it('is on, and can be left out', () => {
    const source = ct({ SeriesDescription: 'CHEST' });
    expect(read(source, {}).get('SeriesDescription')).toBe('chest');
    const without = read(source, { clean_descriptors: false });
    expect(without.has(tag('SeriesDescription'))).toBe(false);
    expect(without.methods).toEqual(['113100', '113108']);
  });

  it('writes what a text says in its vocabulary, and no word of it', () => {
    const { get, has, methods } = read(
      ct({
        SeriesDescription: 'Thorax arteriell ZZDOE 1.0 CHEST CE AXIAL',
        StudyDescription: 'CT CHEST FOR ZZDOE, DR. ZZSMITH',
        ProtocolName: 'ZZDOE',
      }),
      { clean_descriptors: true },
    );
    for (const word of get('SeriesDescription')!.split(' ')) expect(DESCRIPTOR_WORDS).toContain(word);
    expect(get('StudyDescription')).toBe('chest');
    expect(has(tag('ProtocolName'))).toBe(false);
    expect(methods).toContain('113105');
  });

  it('can say nothing outside of the vocabulary, and leaves what it wrote as it is', () => {
    const words = [
      'CHEST',
      'Abdomen',
      'ZZDOE',
      'w/o',
      'contrast',
      'AXIAL',
      'head',
      'C+',
      'arterial',
      'LUNG',
      '3.0',
    ];
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.constantFrom(...words)).map((list) => list.join(' ')),
        ),
        (text) => {
          const written = judgeDescriptor(text);
          if (written === null || written === true) return true;
          return (
            written.split(' ').every((word) => DESCRIPTOR_WORDS.has(word)) &&
            judgeDescriptor(written) === true
          );
        },
      ),
    );
  });
});

describe('dates: keep', () => {
  it('keeps dates and times of the profile, with offsets, and says so', () => {
    const { get, has, methods, texts } = read(
      ct({
        StudyDate: '20200301',
        StudyTime: '101500.123',
        AcquisitionDate: '20200230',
        AcquisitionDateTime: '20200301101500.5+0100',
        PatientBirthDate: '19500101',
      }),
      {},
      { dates: 'keep' },
    );
    expect(get('StudyDate')).toBe('20200301');
    expect(get('StudyTime')).toBe('101500.123');
    expect(get('AcquisitionDateTime')).toBe('20200301101500.5+0100');
    expect(has(tag('AcquisitionDate'))).toBe(false);
    expect(get('PatientBirthDate')).toBeUndefined();
    expect(get('LongitudinalTemporalInformationModified')).toBe('UNMODIFIED');
    expect(methods).toEqual(['113100', '113105', '113106', '113108']);
    expect(texts).toEqual(['Serieswise ct-research 2', 'Dates and times kept']);
  });
});
