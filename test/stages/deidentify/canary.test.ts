import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encodeElement } from '../../../dicom/encode.ts';
import { readDicom } from '../../../dicom/read.ts';
import { tag } from '../../../dicom/tags.ts';
import { SOP_CLASSES, TRANSFER_SYNTAXES } from '../../../dicom/uids.ts';
import { getString } from '../../../dicom/values.ts';
import { isStringVr } from '../../../dicom/vr.ts';
import { deidentifyInstance } from '../../../stages/deidentify/deidentify-instance.ts';
import type { ResolvedRule } from '../../../stages/deidentify/profile.ts';
import {
  type CanaryDataset,
  type CanaryValue,
  datasetOf,
  ESSENTIAL_CT,
  encodeFile,
  Markers,
  markerValue,
  plantEverywhere,
} from '../../fixtures/canary.ts';
import { deidentifyOptions, joinOutput } from '../../fixtures/deidentify.ts';
import { validText, walkRules, withValue } from '../../fixtures/profile-paths.ts';

const options = deidentifyOptions();
const SYNTAXES = [
  TRANSFER_SYNTAXES.explicitVrLittleEndian,
  TRANSFER_SYNTAXES.implicitVrLittleEndian,
  TRANSFER_SYNTAXES.explicitVrBigEndian,
  TRANSFER_SYNTAXES.deflatedExplicitVrLittleEndian,
];

describe('a canary with a marker in every attribute', () => {
  it.each(SYNTAXES)('lets none survive, in %s', (transferSyntaxUid) => {
    const markers = new Markers();
    const dataset = plantEverywhere(markers, '');
    for (const [number, element] of datasetOf(ESSENTIAL_CT)) dataset.set(number, element);
    dataset.set(tag('ImageType'), {
      vr: 'CS',
      value: `ORIGINAL\\PRIMARY\\AXIAL\\${markers.next('ImageType[4]')}`,
    });
    const plain = encodeFile(dataset, { transferSyntaxUid, markers });
    const bytes =
      transferSyntaxUid === TRANSFER_SYNTAXES.deflatedExplicitVrLittleEndian ? deflate(plain) : plain;

    const { record, output } = deidentifyInstance(bytes, options);

    expect(record.reason).toBeNull();
    expect(markers.planted.size).toBeGreaterThan(10_000);
    expect(
      new Set([...markers.planted.values()].filter((where) => !where.includes('>'))).size,
    ).toBeGreaterThan(2_900);
    expect(markers.survivors(plain).length).toBeGreaterThan(markers.planted.size * 0.99);
    expect(markers.survivors(joinOutput(output!))).toEqual([]);
    expect(markers.survivors(new TextEncoder().encode(JSON.stringify(record)))).toEqual([]);
  });

  it('keeps more than 60 technical fields to the byte meanwhile', () => {
    const markers = new Markers();
    const dataset = plantEverywhere(markers, '');
    for (const [number, element] of datasetOf(ESSENTIAL_CT)) dataset.set(number, element);
    // The image stays as it is: its own description is not touched.
    const described = new Set([
      ...datasetOf(ESSENTIAL_CT).keys(),
      tag('PlanarConfiguration'),
      tag('NumberOfFrames'),
    ]);
    const technical = [...options.profile.rules.values()].filter(
      ({ tag: number, row }) =>
        row.action === 'keep' && /^(number|integer)$/.test(row.grammar!.kind) && !described.has(number),
    );
    const validValue = (rule: ResolvedRule) =>
      isStringVr(rule.vrs[0]!) ? validText(rule) : validText(rule).split('\\').map(Number);
    for (const rule of technical) dataset.set(rule.tag, { vr: rule.vrs[0]!, value: validValue(rule) });

    const { output } = deidentifyInstance(encodeFile(dataset, { markers }), options);

    const joined = Buffer.from(joinOutput(output!));
    const explicit = { explicitVr: true, littleEndian: true };
    const kept = technical.filter((rule) =>
      joined.includes(Buffer.from(encodeElement(rule.tag, rule.vrs[0]!, validValue(rule), explicit))),
    );
    expect(kept.length).toBe(technical.length);
    expect(kept.length).toBeGreaterThanOrEqual(60);
    expect(markers.survivors(joined)).toEqual([]);
  });

  it('has every VR of text, and every sequence of the dictionary', () => {
    const elements = [...plantEverywhere(new Markers(), '').values()];
    expect(new Set(elements.map(({ vr }) => vr).filter(isStringVr))).toEqual(
      new Set('AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT'.split(' ')),
    );
    expect(elements.filter(({ vr }) => vr === 'SQ').length).toBeGreaterThan(1_000);
  });

  it('lets none survive in the functional groups of an enhanced CT', () => {
    const markers = new Markers();
    const dataset = plantEverywhere(markers, '');
    for (const [number, element] of datasetOf(ESSENTIAL_CT)) dataset.set(number, element);
    dataset.set(tag('SOPClassUID'), { vr: 'UI', value: SOP_CLASSES.enhancedCtImageStorage });
    dataset.set(tag('SharedFunctionalGroupsSequence'), {
      vr: 'SQ',
      value: [plantGroups(markers, 'shared>')],
    });
    dataset.set(tag('PerFrameFunctionalGroupsSequence'), {
      vr: 'SQ',
      value: [plantGroups(markers, 'frame>')],
    });

    const { record, output } = deidentifyInstance(encodeFile(dataset, { markers }), options);

    expect(record.reason).toBeNull();
    expect(markers.survivors(joinOutput(output!))).toEqual([]);
    expect(markers.survivors(new TextEncoder().encode(JSON.stringify(record)))).toEqual([]);
  });
});

describe('markers smuggled into kept attributes', () => {
  const paths = [...walkRules(options.profile.rules, [])].filter(({ rule }) => rule.row.action !== 'pixels');

  it('covers every path of the profile', () => {
    expect(paths.length).toBeGreaterThan(250);
    // Beside the value that each test takes for valid, an image comes out: what is tested is the value.
    const stopped = paths.filter(({ path, rule }) => {
      const vr = rule.vrs[0]!;
      if (vr === 'SQ') return false;
      const text = validText(rule);
      const value = isStringVr(vr) ? text : text === '' ? new Uint8Array(4) : text.split('\\').map(Number);
      return deidentifyInstance(encodeFile(withValue(path, vr, value)), options).record.reason !== null;
    });
    // One bit is fewer than the image stores.
    expect(stopped.map(({ path }) => path.join('>'))).toEqual(['BitsAllocated']);
  });

  it.each([
    ['alone', (marker: string) => marker],
    ['behind a valid value', (marker: string, valid: string) => `${valid}\\${marker}`],
    ['behind padding', (marker: string, valid: string) => `${valid}    ${marker}`],
    ['behind a zero byte', (marker: string, valid: string) => `${valid}\0${marker}`],
    ['in front', (marker: string, valid: string) => `${marker}\\${valid}`],
    ['as a suffix', (marker: string, valid: string) => `${valid}${marker}`],
    ['in lower case', (marker: string) => marker.toLowerCase()],
    ['behind a line break', (marker: string, valid: string) => `${valid}\r\n${marker}`],
  ])('do not survive %s', (_, write) => {
    const leaks: string[] = [];
    for (const { path, rule } of paths) {
      if (rule.children.size > 0 && rule.row.action === 'items') continue;
      const markers = new Markers();
      const marker = markers.next(path.join('>'));
      const vr = rule.vrs[0]!;
      const value: CanaryValue = isStringVr(vr) ? write(marker, validText(rule)) : markerValue(vr, marker);
      if (vr === 'SQ') continue;
      leaks.push(...smuggle(path, vr, value, markers));
    }
    expect(leaks).toEqual([]);
  });

  it('do not survive under another VR than the attribute has', () => {
    const leaks: string[] = [];
    for (const { path, rule } of paths) {
      for (const vr of ['LO', 'UT', 'OB', 'UN', 'PN']) {
        if (rule.vrs.includes(vr)) continue;
        const markers = new Markers();
        leaks.push(...smuggle(path, vr, markerValue(vr, markers.next(path.join('>'))), markers));
      }
    }
    expect(leaks).toEqual([]);
  });

  it('do not survive in coded concepts', () => {
    const leaks: string[] = [];
    for (const { path, rule } of paths) {
      if (rule.row.action !== 'concepts') continue;
      const markers = new Markers();
      const item = datasetOf({
        CodeValue: '12738006',
        CodingSchemeDesignator: 'SCT',
        CodingSchemeVersion: markers.next('version'),
        CodeMeaning: markers.next('meaning'),
        ContextGroupExtensionCreatorUID: '1.2.3.99999',
      });
      leaks.push(...smuggle(path, 'SQ', [item], markers));
    }
    expect(leaks).toEqual([]);
  });

  it('do not survive as record numbers of eight digits in numbers of small ranges', () => {
    const kept: string[] = [];
    for (const { path, rule } of paths) {
      const vr = rule.vrs[0]!;
      if (vr !== 'DS' && vr !== 'IS') continue;
      const dataset = withValue(path, vr, '73918204');
      const { output } = deidentifyInstance(encodeFile(dataset), options);
      if (output !== null && Buffer.concat(output).includes('73918204')) kept.push(path.join('>'));
    }
    expect(kept).toEqual([]);
  });
});

describe('a name in another character set', () => {
  // The name of PS3.5 annexes H to K, and one in Cyrillic and in Greek, as its bytes.
  it.each([
    ['ISO_IR 192', Buffer.from('王^小東')],
    ['GB18030', Buffer.from('cdf55ed0a1b6ab', 'hex')],
    ['\\ISO 2022 IR 87', Buffer.from('1b2442242f245e1b28423d1b24423b33451b2842', 'hex')],
    ['\\ISO 2022 IR 149', Buffer.from('1b242943fbf3', 'hex')],
    ['ISO_IR 13', Buffer.from('d4cfc0de5ec0dbb3', 'hex')],
    ['ISO_IR 144', Buffer.from('bbeecedcd1d5e0', 'hex')],
    ['ISO_IR 126', Buffer.from('c4e9efede3f3e9eff2', 'hex')],
    ['ISO_IR 100', Buffer.from('Zzb\xfcchler', 'latin1')],
  ])('comes out of no attribute, in %s', (characterSet, name) => {
    const behind = (text: string) => new Uint8Array(Buffer.concat([Buffer.from(text), name]));
    const bytes = encodeFile(
      datasetOf({
        ...ESSENTIAL_CT,
        SpecificCharacterSet: characterSet,
        PatientName: behind(''),
        PatientAddress: behind('4 '),
        InstitutionName: behind(''),
        SeriesDescription: behind('CHEST '),
        StudyDescription: behind(''),
        ProtocolName: behind('AXIAL '),
        ImageComments: behind('of '),
        Manufacturer: behind('SIEMENS '),
        ManufacturerModelName: behind(''),
        ConvolutionKernel: behind('B30f\\'),
        SoftwareVersions: behind(''),
        PositionReferenceIndicator: behind(''),
      }),
    );
    const { record, output } = deidentifyInstance(bytes, options);
    expect(record.reason).toBeNull();
    const file = readDicom(joinOutput(output!));
    expect(getString(file, file.dataset, tag('SeriesDescription'))).toBe('chest');
    const written = Buffer.concat([...output!, Buffer.from(JSON.stringify(record))]);
    expect(Buffer.from(bytes).includes(name)).toBe(true);
    // In one piece, and each of its longer parts.
    const parts = name.toString('latin1').split(/[\^=]/);
    for (const part of parts.filter(({ length }) => length > 2)) {
      expect(written.includes(Buffer.from(part, 'latin1'))).toBe(false);
    }
  });
});

describe('markers outside of the pixel grid', () => {
  it('in unused high bits stop the instance', () => {
    const pixels = new Uint8Array(128);
    pixels[31] = 0x10;
    const dataset = datasetOf({ ...ESSENTIAL_CT, PixelData: pixels });
    expect(deidentifyInstance(encodeFile(dataset), options).record.reason).toBe('overlay-in-pixels');
  });

  it('behind the last pixel stop the instance', () => {
    const pixels = new Uint8Array(160);
    pixels.set(new TextEncoder().encode('ZZTEST^CANARY'), 140);
    const dataset = datasetOf({ ...ESSENTIAL_CT, PixelData: pixels });
    expect(deidentifyInstance(encodeFile(dataset), options).record.reason).toBe('pixel-data-damaged');
  });
});

describe('an image of indices into a palette', () => {
  it('does not come out without its palette', () => {
    const dataset = datasetOf({ ...ESSENTIAL_CT, PhotometricInterpretation: 'PALETTE COLOR' });
    expect(deidentifyInstance(encodeFile(dataset), options).record.reason).toBe('pixel-format-unsupported');
  });
});

describe('a capture under the class of a CT image', () => {
  it.each(['WSD', 'DI', 'SYN', 'df'])('does not come out: Conversion Type %s', (conversion) => {
    const dataset = datasetOf({ ...ESSENTIAL_CT, ConversionType: conversion });
    const { record, output } = deidentifyInstance(encodeFile(dataset), options);
    expect([record.reason, record.rule, output]).toEqual([
      'secondary-capture',
      'secondary-capture-class',
      null,
    ]);
  });
});

/** Puts a value at a path of an otherwise valid image, of the class that has such a path, and looks for it afterwards. */
function smuggle(path: string[], vr: string, value: CanaryValue, markers: Markers): string[] {
  const { record, output } = deidentifyInstance(encodeFile(withValue(path, vr, value)), options);
  const survivors = markers.survivors(new TextEncoder().encode(JSON.stringify(record)));
  return output === null ? survivors : [...survivors, ...markers.survivors(joinOutput(output))];
}

function plantGroups(markers: Markers, where: string): CanaryDataset {
  const groups = plantEverywhere(markers, where, false);
  for (const { path } of walkRules(options.profile.rules, [])) {
    if (path.length !== 2 || path[0] !== 'SharedFunctionalGroupsSequence') continue;
    const item = plantEverywhere(markers, `${where}${path[1]}>`, false);
    item.delete(tag('FrameType'));
    groups.set(tag(path[1]!), { vr: 'SQ', value: [item] });
  }
  return groups;
}

/** The same file with its data set deflated. */
function deflate(file: Uint8Array): Uint8Array {
  const { bodyOffset } = readDicom(
    // The body is plain: read it as such.
    new Uint8Array(
      Buffer.from(file)
        .toString('latin1')
        .replace('1.2.840.10008.1.2.1.99', '1.2.840.10008.1.2.1\0\0\0')
        .split('')
        .map((c) => c.charCodeAt(0)),
    ),
  );
  return new Uint8Array(
    Buffer.concat([file.subarray(0, bodyOffset), deflateRawSync(file.subarray(bodyOffset))]),
  );
}
