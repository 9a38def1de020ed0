import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { deidentifyInstance } from '../../../stages/deidentify/deidentify-instance.ts';
import { describeHeaders, NO_HEADER_WORDS } from '../../../stages/evidence/header-evidence.ts';
import { groupSeries } from '../../../stages/group/group-series.ts';
import { markTextPage } from '../../../stages/group/text-page-candidates.ts';
import { REASONS } from '../../../stages/reasons.ts';
import type { ExclusionHint, FrameDescription, InstanceRecord } from '../../../stages/records.ts';
import { RULES, type RuleName, reasonOfRule, ruleOfReason } from '../../../stages/rules.ts';
import { deidentifyOptions } from '../../fixtures/deidentify.ts';
import { repositoryRoot } from '../../fixtures/shared-data.ts';
import { makeSyntheticCt } from '../../fixtures/synthetic-dicom.ts';
import { CORONAL, makeRecord, makeStack, OPTIONS, range, SILENT } from './records.ts';

const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
const typed = (...terms: string[]) =>
  makeStack('a', range(0, 6, 5), { frame: { imageType: ['DERIVED', 'SECONDARY', ...terms] } });
const hinted = (hint: ExclusionHint, positions = range(0, 6, 5), frame: Partial<FrameDescription> = {}) =>
  makeStack('a', positions, { record: { evidence: { ...SILENT, hints: [hint] } }, frame });
const plain = { imageType: ['ORIGINAL', 'PRIMARY'] };
const classed = (sopClassUid: string) => makeStack('a', range(0, 6, 5), { record: { sopClassUid } });
const eightBits = makeStack('a', range(0, 6, 5), {
  image: { bitsAllocated: 8, bitsStored: 8, highBit: 7, pixelRepresentation: 0 },
});
const twoOnLine = (z: number, name = 'extra', made: Parameters<typeof makeRecord>[2] = {}) => [
  ...makeStack('a', range(0, 12, 5)),
  makeRecord(name, z, { record: { instanceNumber: 99 }, ...made }),
];

/** One case for each rule of grouping: what is grouped, how many instances it takes, and what it says it rests on. */
const CASES: readonly [RuleName, readonly InstanceRecord[], number, readonly string[]][] = [
  [
    'other-object',
    makeStack('a', range(0, 6, 5), { record: { modality: 'MR' } }),
    6,
    ['sop-class=1.2.840.10008.5.1.4.1.1.2', 'modality=MR'],
  ],
  [
    'dose-report-class',
    classed('1.2.840.10008.5.1.4.1.1.88.67'),
    6,
    ['sop-class=1.2.840.10008.5.1.4.1.1.88.67'],
  ],
  ['dose-report-image-type', typed('DOSE_INFO'), 6, ['image-type=DOSE_INFO']],
  ['dose-report-words', hinted('dose-report'), 6, ['words=dose-report']],
  ['screen-save-image-type', typed('SCREEN SAVE'), 6, ['image-type=SCREEN_SAVE']],
  ['screen-save-words', hinted('screen-save'), 6, ['words=screen-save']],
  ['scanned-document', hinted('scanned-document'), 6, ['words=scanned-document']],
  ['secondary-capture-class', classed(SECONDARY_CAPTURE), 6, [`sop-class=${SECONDARY_CAPTURE}`]],
  ['eight-bit-capture', eightBits, 6, ['bits-stored=8', 'rescale-slope=1']],
  ['localizer-image-type', typed('CT_SOM5 TOP'), 6, ['image-type=CT_SOM5_TOP']],
  ['localizer-acquisition', hinted('acquired-localizer'), 6, ['header=acquired-localizer']],
  ['localizer-words', hinted('localizer', [0, 5], plain), 2, ['words=localizer', 'positions=2']],
  [
    'localizer-geometry',
    [makeRecord('a', 0, { frame: { ...plain, imageOrientationPatient: CORONAL } })],
    1,
    ['slices=1', 'plane=coronal'],
  ],
  ['bolus-tracking-image-type', typed('CT_SOM7 MON'), 6, ['image-type=CT_SOM7_MON']],
  ['bolus-tracking-words', hinted('bolus-tracking', [0, 5]), 2, ['words=bolus-tracking', 'positions=2']],
  ['bolus-tracking-position', makeStack('a', [7, 7, 7]), 3, ['positions=1', 'slices=3']],
  ['fluoroscopy-flag', hinted('flagged-fluoroscopy'), 6, ['header=flagged-fluoroscopy']],
  ['fluoroscopy-image-type', typed('FLUORO'), 6, ['image-type=FLUORO']],
  ['fluoroscopy-words', hinted('fluoroscopy'), 6, ['words=fluoroscopy']],
  ['projection-image-type', typed('MIP'), 6, ['image-type=MIP']],
  ['projection-image-type', hinted('calculated-projection'), 6, ['header=calculated-projection']],
  ['projection-words', hinted('mip'), 6, ['words=mip']],
  ['rendering-image-type', typed('VRT'), 6, ['image-type=VRT']],
  ['rendering-image-type', hinted('calculated-rendering'), 6, ['header=calculated-rendering']],
  ['rendering-words', hinted('volume-rendering'), 6, ['words=volume-rendering']],
  [
    'colour-pixels',
    makeStack('a', range(0, 6, 5), { image: { samplesPerPixel: 3 } }),
    6,
    ['samples-per-pixel=3'],
  ],
  ['perfusion-map-image-type', typed('PERFUSION'), 6, ['image-type=PERFUSION']],
  ['perfusion-map-words', hinted('perfusion'), 6, ['words=perfusion']],
  ['subtraction-image-type', typed('SUBTRACT'), 6, ['image-type=SUBTRACT']],
  ['subtraction-words', hinted('subtraction'), 6, ['words=subtraction']],
  ['phantom-flag', hinted('flagged-phantom'), 6, ['header=flagged-phantom']],
  ['phantom-words', hinted('phantom'), 6, ['words=phantom']],
  ['calibration-words', hinted('calibration'), 6, ['words=calibration']],
  ['text-page', typed('OTHER').map(markTextPage), 6, ['pixels=text-page']],
  ['too-few-slices', makeStack('a', range(0, 4, 5)), 4, ['slices=4', 'min-slices=5']],
  ['too-few-positions', makeStack('a', [0, 0, 5, 5, 10, 10]), 6, ['positions=3', 'doubled=3', 'slices=6']],
  [
    'odd-stack',
    twoOnLine(30, 'extra', { frame: { imageOrientationPatient: CORONAL, imageType: ['DERIVED'] } }),
    1,
    ['slices=1', 'min-slices=5'],
  ],
  [
    'off-line',
    twoOnLine(22, 'extra', { frame: { imagePositionPatient: [-200, -250, 22] } }),
    1,
    ['offset-mm=50', 'tolerance-mm=1'],
  ],
  ['far-end', twoOnLine(900), 1, ['limit-mm=50', 'spacing-mm=5']],
  [
    'equal-pixels',
    twoOnLine(0, 'extra', { image: { pixelDigest: makeRecord('a0', 0).image?.pixelDigest ?? '' } }),
    1,
    ['at-position=2'],
  ],
  [
    'position-taken',
    twoOnLine(0),
    1,
    ['at-position=2', 'acquisition-number=none', 'usual-acquisition-number=none'],
  ],
  [
    'geometry-missing',
    makeStack('a', [0, 1], { frame: { pixelSpacingMm: null } }),
    2,
    ['missing-or-invalid=pixel-spacing'],
  ],
  ['rescale-not-hu', makeStack('a', [0, 1], { frame: { rescaleType: 'US' } }), 2, ['rescale-type=US']],
];

describe('every rule', () => {
  it.each(CASES)('%s names itself and what it rests on', (rule, records, count, evidence) => {
    const { verdicts, units } = groupSeries(records, OPTIONS);
    const found = verdicts.filter((verdict) => verdict.rule === rule);
    expect(found).toHaveLength(count);
    for (const { reason, ruleEvidence } of found) {
      expect(reason).toBe(reasonOfRule(rule));
      expect(ruleEvidence).toEqual(evidence);
    }
    for (const unit of units) expect(unit.rule === null).toBe(unit.disposition === 'kept');
  });

  it('is shown by the test file that it names', () => {
    const inCases = new Set<string>(CASES.map(([rule]) => rule));
    const alone = ['eight-bit-grey', 'burned-in-annotation', 'not-permitted'];
    for (const [name, { test }] of Object.entries(RULES)) {
      const isHere = test === 'test/stages/group/rules.test.ts';
      const text = fs.readFileSync(path.join(repositoryRoot, test), 'utf8');
      if (isHere) expect([...inCases, ...alone], name).toContain(name);
      else expect(text, name).toContain(name);
    }
  });

  it('stands for a reason, and every reason has one', () => {
    for (const reason of Object.keys(REASONS) as (keyof typeof REASONS)[]) {
      expect(RULES[ruleOfReason(reason)].reason).toBe(reason);
    }
  });
});

describe('rules that another stage or pipeline decides', () => {
  it('eight-bit-grey quarantines what the pipeline does not leave out', () => {
    const options = { ...OPTIONS, exclude: ['localizer' as const] };
    const { verdicts } = groupSeries(eightBits, options);
    expect(new Set(verdicts.map(({ rule, reason }) => `${rule} ${reason}`))).toEqual(
      new Set(['eight-bit-grey rescale-not-hu']),
    );
  });

  it('burned-in-annotation of an earlier stage gives way to what the image is, and keeps nothing', () => {
    const written = (records: InstanceRecord[]) =>
      records.map((record) => ({
        ...record,
        disposition: 'quarantined' as const,
        reason: 'burned-in-annotation' as const,
        outputSha256: null,
      }));
    const verdictsOf = (records: InstanceRecord[]) =>
      new Set(
        groupSeries(written(records), OPTIONS).verdicts.map(
          ({ disposition, rule }) => `${disposition} ${rule}`,
        ),
      );
    expect(verdictsOf(typed('LOCALIZER'))).toEqual(new Set(['excluded localizer-image-type']));
    expect(verdictsOf(makeStack('a', range(0, 6, 5)))).toEqual(new Set(['quarantined burned-in-annotation']));
  });

  it('not-permitted is a required value outside the profile', () => {
    const bytes = makeSyntheticCt({ bitsAllocated: 16, bitsStored: 99 });
    expect(deidentifyInstance(bytes, deidentifyOptions()).record.reason).toBe('not-permitted');
  });

  it('eight bits with a steep slope are Hounsfield units', () => {
    const steep = eightBits.map((record) => ({
      ...record,
      image: record.image && {
        ...record.image,
        frames: record.image.frames.map((frame) => ({ ...frame, rescaleSlope: 32.12 })),
      },
    }));
    expect(groupSeries(steep, OPTIONS).verdicts.every(({ disposition }) => disposition === 'kept')).toBe(
      true,
    );
  });

  it('a page is quarantined where the pipeline leaves no page out', () => {
    const { verdicts } = groupSeries(typed('OTHER').map(markTextPage), { ...OPTIONS, exclude: [] });
    expect(verdicts.every(({ reason }) => reason === 'burned-in-annotation')).toBe(true);
  });

  it.each(['SCREEN SAVE', 'DOSE_INFO'])('%s by Image Type is kept in no case either', (term) => {
    const { verdicts } = groupSeries(typed(term), { ...OPTIONS, exclude: [] });
    expect(verdicts.map(({ reason }) => reason)).toEqual(Array(6).fill('burned-in-annotation'));
  });

  it.each([
    [{ acquisitionType: 'CONSTANT_ANGLE' }, 'acquired-localizer'],
    [{ fluoroscopyFlag: 'YES' }, 'flagged-fluoroscopy'],
    [{ qualityControlImage: 'YES' }, 'flagged-phantom'],
    [{ calculationTechnique: 'MAX_IP' }, 'calculated-projection'],
    [{ calculationTechnique: 'SURFACE_RENDER' }, 'calculated-rendering'],
    [{ patientName: 'PHANTOM^QA' }, 'phantom'],
  ] as const)('reads %j as %s', (codes, hint) => {
    expect(describeHeaders({ ...NO_HEADER_WORDS, ...codes }).hints).toEqual([hint]);
  });

  it.each([
    [{ acquisitionType: 'SPIRAL' }],
    [{ acquisitionType: 'STATIONARY' }],
    [{ fluoroscopyFlag: 'NO' }],
    [{ qualityControlImage: 'NO' }],
    [{ calculationTechnique: 'MPR' }],
    [{ patientName: 'ZZTEST^CANARY SCOUT' }],
  ] as const)('reads nothing from %j', (codes) => {
    expect(describeHeaders({ ...NO_HEADER_WORDS, ...codes }).hints).toEqual([]);
  });
});
