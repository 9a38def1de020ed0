import { describe, expect, it } from 'vitest';
import { type Grouping, groupSeries } from '../../../stages/group/group-series.ts';
import type { FrameDescription, InstanceRecord } from '../../../stages/records.ts';
import {
  AXIAL,
  CORONAL,
  makeFrame,
  makeRecord,
  makeStack,
  OPTIONS,
  range,
  SAGITTAL,
  SILENT,
} from './records.ts';

const group = (records: readonly InstanceRecord[], options: Partial<typeof OPTIONS> = {}) =>
  groupSeries(records, { ...OPTIONS, ...options });
const kept = ({ units }: Grouping) => units.filter(({ disposition }) => disposition === 'kept');
const reasons = ({ verdicts }: Grouping) => {
  const counts: Record<string, number> = {};
  for (const { reason } of verdicts) counts[reason ?? 'kept'] = (counts[reason ?? 'kept'] ?? 0) + 1;
  return counts;
};
const at = (plane: FrameDescription['imageOrientationPatient'], x: number, y: number, z: number) => ({
  imageOrientationPatient: plane,
  imagePositionPatient: [x, y, z] as [number, number, number],
});

describe('a plain series', () => {
  it('is one unit, ordered by position and not by instance number', () => {
    const shuffled = [3, 0, 4, 1, 2, 5].map((place) => place * 5);
    const [unit, ...rest] = group(makeStack('a', shuffled)).units;
    expect(rest).toEqual([]);
    expect(unit).toMatchObject({
      disposition: 'kept',
      instanceCount: 6,
      sliceSpacingMm: 5,
      sliceSpacingRegular: true,
      sliceGapCount: 0,
      gantryTiltDeg: 0,
      axisGeometry: 'axial',
      coverageMm: 25,
    });
    expect(unit?.seriesUnit).toMatch(/^su[0-9a-f]{24}$/);
    expect(unit?.slices.map(({ positionMm }) => positionMm)).toEqual([0, 5, 10, 15, 20, 25]);
  });

  it.each([
    ['axial, head to foot', AXIAL, (step: number) => [0, 0, 100 - step]],
    ['coronal, front to back', CORONAL, (step: number) => [0, step, 0]],
    ["sagittal, patient's right to left", SAGITTAL, (step: number) => [step, 0, 0]],
  ] as const)('is ordered: %s', (_, plane, place) => {
    const records = range(0, 6, 2).map((step) => {
      const [x, y, z] = place(step) as [number, number, number];
      return makeRecord(`p${step}`, 0, { frame: at(plane, x, y, z), record: { instanceNumber: 99 - step } });
    });
    const [unit] = group(records).units;
    expect(unit?.slices.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual(
      records.map(({ sopInstanceUid }) => sopInstanceUid),
    );
  });

  it('keeps its order and plane in a mirrored or rotated matrix', () => {
    // Feet first, prone: rows to the right, columns to the front.
    const turned = makeStack('a', range(0, 6, 5), {
      frame: { imageOrientationPatient: [-1, 0, 0, 0, -1, 0] },
    });
    const mirrored = makeStack('a', range(0, 6, 5), {
      frame: { imageOrientationPatient: [-1, 0, 0, 0, 1, 0] },
    });
    for (const records of [turned, mirrored]) {
      const [unit] = group(records).units;
      expect(unit?.axisGeometry).toBe('axial');
      expect(unit?.slices[0]?.sopInstanceUid).toBe(records.at(-1)?.sopInstanceUid);
    }
  });

  it('keeps its key when a slice is added', () => {
    const before = group(makeStack('a', range(0, 6, 5))).units[0];
    const after = group(makeStack('a', range(0, 7, 5))).units[0];
    expect(after?.seriesUnit).toBe(before?.seriesUnit);
  });
});

describe('copies and conflicts', () => {
  const stack = makeStack('a', range(0, 6, 5));
  const twin = (record: InstanceRecord | undefined, change: Partial<InstanceRecord>): InstanceRecord => {
    if (record === undefined) throw new Error('No record');
    return { ...record, ...change };
  };

  it('keep the first of equal sources', () => {
    const grouping = group([...stack, twin(stack[2], { sourceKey: 'f'.repeat(32) })]);
    expect(reasons(grouping)).toEqual({ kept: 6, 'duplicate-instance': 1 });
    expect(grouping.verdicts.at(-1)).toMatchObject({ disposition: 'duplicate', seriesUnit: null });
  });

  it('keep the first of different sources with equal output', () => {
    const grouping = group([...stack, twin(stack[2], { sourceKey: '0'.repeat(32), sourceDigest: 'b' })]);
    expect(reasons(grouping)).toEqual({ kept: 6, 'duplicate-instance': 1 });
  });

  it('trust none of different contents, copies of them included', () => {
    const other = twin(stack[2], { sourceKey: '1'.repeat(32), sourceDigest: 'b', outputSha256: 'b' });
    const grouping = group([...stack, other, twin(stack[2], { sourceKey: '2'.repeat(32) })]);
    expect(reasons(grouping)).toEqual({ kept: 5, 'conflicting-instances': 3 });
    expect(kept(grouping)[0]).toMatchObject({ sliceGapCount: 1 });
  });

  it('quarantine a study of two patients as a whole', () => {
    const other = makeStack('b', range(0, 6, 5), {
      record: { patientId: 'ZZOTHER', seriesInstanceUid: '2.25.9' },
    });
    expect(reasons(group([...stack, ...other]))).toEqual({ 'patient-mismatch': 12 });
  });

  it('quarantine what has no identity', () => {
    expect(reasons(group([makeRecord('a', 0, { record: { seriesInstanceUid: null } })]))).toEqual({
      'identifiers-missing': 1,
    });
  });

  it('let other verdicts pass', () => {
    const unreadable = makeRecord('x', 0, {
      record: { disposition: 'unreadable', reason: 'truncated', image: null },
    });
    const grouping = group([...stack, unreadable]);
    expect(reasons(grouping)).toEqual({ kept: 6, truncated: 1 });
  });
});

describe('exclusion with evidence', () => {
  const hint = (...hints: (typeof SILENT)['hints']) => ({ record: { evidence: { ...SILENT, hints } } });

  it.each([
    ['localizer', ['ORIGINAL', 'PRIMARY', 'LOCALIZER']],
    ['localizer', ['ORIGINAL', 'PRIMARY', 'LOCALIZER', 'CT_SOM5 TOP']],
    ['dose-report', ['DERIVED', 'SECONDARY', 'DOSE_INFO']],
    ['screen-save', ['DERIVED', 'SECONDARY', 'SCREEN SAVE']],
    ['post-processed', ['DERIVED', 'SECONDARY', 'MIP']],
    ['post-processed', ['DERIVED', 'SECONDARY', 'VOLREN']],
    ['post-processed', ['DERIVED', 'SECONDARY', '3D']],
    ['post-processed', ['DERIVED', 'PRIMARY', 'PERFUSION', 'RCBF']],
    ['post-processed', ['DERIVED', 'SECONDARY', 'SUBTRACT']],
    ['bolus-tracking', ['ORIGINAL', 'PRIMARY', 'AXIAL', 'CT_SOM5 MON']],
    ['ct-fluoroscopy', ['ORIGINAL', 'PRIMARY', 'FLUOROSCOPY']],
  ] as const)('%s by image type %j', (reason, imageType) => {
    const grouping = group(makeStack('a', range(0, 6, 5), { frame: { imageType: [...imageType] } }));
    expect(reasons(grouping)).toEqual({ [reason]: 6 });
    expect(grouping.units).toHaveLength(1);
    expect(grouping.units[0]).toMatchObject({ disposition: 'excluded', reason, instanceCount: 6 });
  });

  it.each([
    [['DERIVED', 'SECONDARY', 'REFORMATTED']],
    [['DERIVED', 'SECONDARY', 'REFORMATTED', 'AVERAGE']],
    [['DERIVED', 'PRIMARY', 'MPR']],
    [['ORIGINAL', 'PRIMARY', 'AXIAL', 'PERFUSION']],
  ])('keeps %j', (imageType) => {
    expect(reasons(group(makeStack('a', range(0, 6, 5), { frame: { imageType } })))).toEqual({ kept: 6 });
  });

  it('is left out when the pipeline does not ask for it', () => {
    const records = makeStack('a', range(0, 6, 5), { frame: { imageType: ['DERIVED', 'SECONDARY', 'MIP'] } });
    expect(reasons(group(records, { exclude: ['localizer'] }))).toEqual({ kept: 6 });
  });

  it('believes words unless the geometry is that of a scan', () => {
    const scout = makeStack('a', range(0, 2, 5), {
      ...hint('localizer'),
      frame: { imageType: ['ORIGINAL', 'PRIMARY'] },
    });
    expect(reasons(group(scout))).toEqual({ localizer: 2 });
    expect(reasons(group(makeStack('a', range(0, 40, 5), hint('localizer'))))).toEqual({ kept: 40 });
    expect(reasons(group(makeStack('a', range(0, 40, 5), hint('bolus-tracking'))))).toEqual({ kept: 40 });
    expect(reasons(group(makeStack('a', range(0, 6, 5), hint('phantom'))))).toEqual({ phantom: 6 });
    expect(reasons(group(makeStack('a', range(0, 6, 5), hint('scanned-document'))))).toEqual({
      'secondary-capture': 6,
    });
  });

  it('knows a localizer by its geometry when the header is silent', () => {
    const frame = { ...at(CORONAL, 0, 0, 0), imageType: ['ORIGINAL', 'PRIMARY', 'OTHER'] };
    expect(reasons(group([makeRecord('a', 0, { frame })]))).toEqual({ localizer: 1 });
  });

  it('excludes other objects and modalities', () => {
    const pages = makeStack('a', [0, 1], { record: { sopClassUid: '1.2.840.10008.5.1.4.1.1.7' } });
    const mr = makeStack('b', [0, 1], { record: { modality: 'MR', seriesInstanceUid: '2.25.8' } });
    const report = makeRecord('c', 0, {
      record: { sopClassUid: '1.2.840.10008.5.1.4.1.1.88.67', image: null, seriesInstanceUid: '2.25.9' },
    });
    expect(reasons(group([...pages, ...mr, report]))).toEqual({
      'secondary-capture': 2,
      'not-ct': 2,
      'dose-report': 1,
    });
  });
});

describe('quarantine', () => {
  it.each([
    ['rescale-missing', { rescaleSlope: null, rescaleIntercept: null }],
    ['rescale-missing', { rescaleSlope: 0 }],
    ['rescale-not-hu', { rescaleType: 'US' }],
    ['rescale-not-hu', { rescaleType: 'OTHER' }],
    ['geometry-missing', { imagePositionPatient: null }],
    ['geometry-missing', { imageOrientationPatient: null }],
    ['geometry-missing', { imageOrientationPatient: [1, 0, 0, 1, 0, 0] }],
    ['geometry-missing', { pixelSpacingMm: [0, 0.8] }],
  ] as [string, Partial<FrameDescription>][])('%s: %j', (reason, frame) => {
    const grouping = group(makeStack('a', range(0, 6, 5), { frame }));
    expect(reasons(grouping)).toEqual({ [reason]: 6 });
    expect(grouping.units[0]).toMatchObject({ disposition: 'quarantined', reason });
  });

  it('takes HU for granted when slope and intercept are there', () => {
    expect(reasons(group(makeStack('a', range(0, 6, 5), { frame: { rescaleType: null } })))).toEqual({
      kept: 6,
    });
  });
});

describe('splitting', () => {
  it('parts orientations, grids, kernels and kinds of picture', () => {
    const axial = makeStack('a', range(0, 6, 5));
    const coronal = range(0, 6, 5).map((y) => makeRecord(`c${y}`, 0, { frame: at(CORONAL, -250, y, 200) }));
    const small = makeStack('s', range(0, 6, 5), { image: { rows: 256, columns: 256 } });
    const zoomed = makeStack('z', range(0, 6, 5), { frame: { pixelSpacingMm: [0.4, 0.4] } });
    const bone = makeStack('b', range(0, 6, 5), { image: { convolutionKernel: 'BONE' } });
    const average = makeStack('v', range(0, 6, 5), {
      frame: { imageType: ['DERIVED', 'SECONDARY', 'AVERAGE'] },
    });
    const grouping = group([...axial, ...coronal, ...small, ...zoomed, ...bone, ...average]);
    expect(kept(grouping).map(({ instanceCount }) => instanceCount)).toEqual([6, 6, 6, 6, 6, 6]);
    expect(new Set(grouping.units.map(({ seriesUnit }) => seriesUnit)).size).toBe(6);
  });

  it('leaves kernels together when not asked to part them', () => {
    const records = [
      ...makeStack('a', range(0, 6, 10)),
      ...makeStack('b', range(5, 6, 10), { image: { convolutionKernel: 'BONE' } }),
    ];
    expect(kept(group(records, { splitBy: ['orientation'] }))).toHaveLength(1);
    expect(kept(group(records))).toHaveLength(2);
  });

  it('takes a small difference of direction for one orientation', () => {
    const tilt = (deg: number) => {
      const [c, s] = [Math.cos((deg * Math.PI) / 180), Math.sin((deg * Math.PI) / 180)];
      return [1, 0, 0, 0, c, s] as FrameDescription['imageOrientationPatient'];
    };
    const records = (deg: number) => [
      ...makeStack('a', range(0, 6, 10)),
      ...makeStack('b', range(5, 5, 10), { frame: { imageOrientationPatient: tilt(deg) } }),
    ];
    expect(kept(group(records(0.3)))).toHaveLength(1);
    expect(kept(group(records(2)))).toHaveLength(2);
  });

  it('does not shred a stack whose rotations have numbers of their own', () => {
    const records = range(0, 20, 5).map((z, index) =>
      makeRecord(`r${index}`, z, { frame: { acquisitionNumber: index >> 1 } }),
    );
    expect(kept(group(records)).map(({ instanceCount }) => instanceCount)).toEqual([20]);
  });

  it('does not shred a stack whose slices alternate between two acquisitions', () => {
    const records = range(0, 20, 5).map((z, index) =>
      makeRecord(`r${index}`, z, { frame: { acquisitionNumber: index % 2 } }),
    );
    expect(kept(group(records)).map(({ instanceCount }) => instanceCount)).toEqual([20]);
  });

  it('parts acquisitions over the same range', () => {
    const records = [
      ...makeStack('a', range(0, 10, 5), { frame: { acquisitionNumber: 1 } }),
      ...makeStack('b', range(0, 10, 5), { frame: { acquisitionNumber: 2 } }, 11),
    ];
    expect(kept(group(records)).map(({ instanceCount }) => instanceCount)).toEqual([10, 10]);
    expect(kept(group(records, { splitBy: [] }))).toHaveLength(2);
  });

  it('parts acquisitions that overlap or lie far apart, and joins those that follow each other', () => {
    const two = (start: number, step: number) => [
      ...makeStack('a', range(0, 10, 5), { frame: { acquisitionNumber: 1 } }),
      ...makeStack('b', range(start, 10, step), { frame: { acquisitionNumber: 2 } }, 11),
    ];
    expect(kept(group(two(42, 5)))).toHaveLength(2);
    expect(kept(group(two(145, 5)))).toHaveLength(2);
    expect(kept(group(two(50, 5)))).toHaveLength(1);
    // Posterior fossa at 5 mm, then the brain at 8 mm: one head.
    expect(kept(group(two(53, 8)))).toHaveLength(1);
  });

  it('parts cardiac phases', () => {
    const records = [0, 50].flatMap((phase) =>
      makeStack(`p${phase}-`, range(0, 8, 3), { frame: { temporalPosition: phase } }, phase * 10),
    );
    expect(kept(group(records)).map(({ instanceCount }) => instanceCount)).toEqual([8, 8]);
  });

  it('ignores frames of reference that differ from slice to slice', () => {
    const records = range(0, 10, 5).map((z, index) =>
      makeRecord(`f${index}`, z, { record: { frameOfReferenceUid: `2.25.7.${index}` } }),
    );
    expect(kept(group(records))).toHaveLength(1);
  });

  it('parts passes by the order of instance numbers, a missing slice in one of them included', () => {
    const first = makeStack('a', range(0, 10, 5)).filter((_, index) => index !== 4);
    const second = makeStack('b', range(0, 10, 5), {}, 11);
    const units = kept(group([...first, ...second], { splitBy: [] }));
    expect(units.map(({ instanceCount, sliceGapCount }) => [instanceCount, sliceGapCount]).sort()).toEqual([
      [10, 0],
      [9, 1],
    ]);
  });

  it('parts interleaved passes', () => {
    const records = range(0, 10, 5).flatMap((z, index) => [
      makeRecord(`x${index}`, z, { record: { instanceNumber: 2 * index + 1 } }),
      makeRecord(`y${index}`, z, { record: { instanceNumber: 2 * index + 2 } }),
    ]);
    const grouping = group(records);
    expect(kept(grouping).map(({ instanceCount }) => instanceCount)).toEqual([10, 10]);
    const uids = new Set(kept(grouping)[0]?.slices.map(({ sopInstanceUid }) => sopInstanceUid));
    const odd = records.filter((_, index) => index % 2 === 0).map(({ sopInstanceUid }) => sopInstanceUid);
    expect([0, 10]).toContain(odd.filter((uid) => uids.has(uid ?? '')).length);
  });

  it('quarantines passes that nothing tells apart', () => {
    const records = range(0, 10, 5).flatMap((z, index) => [
      makeRecord(`x${index}`, z),
      makeRecord(`y${index}`, z),
    ]);
    expect(reasons(group(records))).toEqual({ 'geometry-inconsistent': 20 });
  });
});

describe('odd slices and doubled positions', () => {
  it('takes a slice of another orientation out', () => {
    const records = [
      ...makeStack('a', range(0, 10, 5)),
      makeRecord('odd', 0, { frame: at(CORONAL, -250, 0, 200) }),
    ];
    expect(reasons(group(records))).toEqual({ kept: 10, 'odd-slice': 1 });
  });

  it('takes a slice off the line out, and one far beyond the end', () => {
    const aside = makeRecord('aside', 22, { frame: { imagePositionPatient: [-200, -250, 22] } });
    const beyond = makeRecord('beyond', 900);
    const grouping = group([...makeStack('a', range(0, 20, 5)), aside, beyond]);
    expect(reasons(grouping)).toEqual({ kept: 20, 'odd-slice': 2 });
    expect(kept(grouping)[0]).toMatchObject({ sliceSpacingRegular: true, coverageMm: 95 });
  });

  it('makes two stacks of two centres of reconstruction', () => {
    const left = makeStack('l', range(0, 10, 5));
    const right = range(0, 10, 5).map((z, index) =>
      makeRecord(`r${index}`, z, { frame: { imagePositionPatient: [-150, -250, z] } }),
    );
    expect(kept(group([...left, ...right])).map(({ instanceCount }) => instanceCount)).toEqual([10, 10]);
  });

  it('takes the first of equal pixels at one position', () => {
    const stack = makeStack('a', range(0, 10, 5));
    const again = makeRecord('again', 15, { image: { pixelDigest: stack[3]?.image?.pixelDigest ?? '' } });
    const grouping = group([...stack, { ...again, instanceNumber: 99 }]);
    expect(reasons(grouping)).toEqual({ kept: 10, 'duplicate-position': 1 });
    expect(grouping.verdicts.find(({ sourceKey }) => sourceKey === again.sourceKey)?.reason).toBe(
      'duplicate-position',
    );
  });

  it('takes the usual acquisition where a few positions are doubled', () => {
    const stack = makeStack('a', range(0, 10, 5), { frame: { acquisitionNumber: 3 } }, 10);
    const extra = makeRecord('extra', 15, { frame: { acquisitionNumber: 1 }, record: { instanceNumber: 1 } });
    const grouping = group([...stack, extra]);
    expect(grouping.verdicts.find(({ sourceKey }) => sourceKey === extra.sourceKey)?.reason).toBe(
      'duplicate-position',
    );
    expect(reasons(grouping)).toEqual({ kept: 10, 'duplicate-position': 1 });
  });

  it('names several originals at one position bolus tracking, and copies of one slice too few', () => {
    expect(reasons(group(makeStack('a', [7, 7, 7, 7, 7, 7, 7])))).toEqual({ 'bolus-tracking': 7 });
    const copies = makeStack('a', [7, 7, 7, 7, 7, 7], {
      frame: { imageType: ['DERIVED', 'PRIMARY', 'AXIAL'] },
    });
    expect(reasons(group(copies))).toEqual({ 'too-few-slices': 6 });
  });

  it('names a short series so, by the number the pipeline gives', () => {
    const records = makeStack('a', range(0, 4, 5));
    expect(reasons(group(records))).toEqual({ 'too-few-slices': 4 });
    expect(reasons(group(records, { minSlices: 4 }))).toEqual({ kept: 4 });
  });
});

describe('measures', () => {
  it('find gaps only where the rest is regular', () => {
    const positions = range(0, 20, 2.5).filter((_, index) => ![4, 9, 10].includes(index));
    expect(group(makeStack('a', positions)).units[0]).toMatchObject({
      sliceSpacingMm: 2.5,
      sliceSpacingRegular: false,
      sliceGapCount: 3,
    });
    expect(group(makeStack('a', [0, 2, 5, 9, 11, 16, 21])).units[0]).toMatchObject({
      sliceSpacingRegular: false,
      sliceGapCount: null,
    });
  });

  it('call a jitter of a twentieth or a tenth of a millimetre regular', () => {
    expect(group(makeStack('a', [0, 10.4, 20, 29.6, 40])).units[0]?.sliceSpacingRegular).toBe(true);
    expect(group(makeStack('a', [0, 1.09, 2, 2.95, 4])).units[0]?.sliceSpacingRegular).toBe(true);
    expect(group(makeStack('a', [0, 10.6, 20, 30, 40])).units[0]?.sliceSpacingRegular).toBe(false);
  });

  it.each([18.5, -14, 3.5])('find a gantry tilt of %f degrees', (tilt) => {
    const [c, s] = [Math.cos((tilt * Math.PI) / 180), Math.sin((tilt * Math.PI) / 180)];
    const records = makeStack('a', range(0, 8, 5), {
      frame: { imageOrientationPatient: [1, 0, 0, 0, c, -s] },
    });
    const [unit] = group(records).units;
    expect(unit?.gantryTiltDeg).toBeCloseTo(tilt, 2);
    expect(unit?.sliceSpacingMm).toBeCloseTo(5 * c, 3);
    expect(unit?.axisGeometry).toBe('axial');
  });

  it('find none in an oblique reformat, whose positions follow its normal', () => {
    const [c, s] = [Math.cos(0.4), Math.sin(0.4)];
    const records = range(0, 8, 3).map((step) =>
      makeRecord(`o${step}`, 0, {
        frame: {
          imageOrientationPatient: [1, 0, 0, 0, c, s],
          imagePositionPatient: [0, -step * s, step * c],
        },
      }),
    );
    expect(group(records).units[0]).toMatchObject({
      gantryTiltDeg: 0,
      sliceSpacingMm: 3,
      axisGeometry: 'axial',
    });
  });
});

describe('multi-frame instances', () => {
  const multiFrame = (name: string, frames: FrameDescription[]) =>
    makeRecord(name, 0, {
      image: { frames: frames.map((frame, index) => ({ ...frame, frame: index })) },
      record: { sopClassUid: '1.2.840.10008.5.1.4.1.1.2.1' },
    });

  it('give their frames in the place of instances', () => {
    const grouping = group([
      multiFrame(
        'm',
        range(0, 8, 5).map((z) => makeFrame(z)),
      ),
    ]);
    expect(grouping.units).toHaveLength(1);
    expect(grouping.units[0]).toMatchObject({ disposition: 'kept', instanceCount: 8, sliceSpacingMm: 5 });
    expect(grouping.units[0]?.slices.map(({ frame }) => frame)).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
  });

  it('belong to the unit of the first frame that is kept', () => {
    const frames = [
      makeFrame(0, { ...at(CORONAL, 0, 0, 0), imageType: ['DERIVED', 'PRIMARY', 'MPR'] }),
      ...range(0, 8, 5).map((z) => makeFrame(z, { temporalPosition: 1 })),
      ...range(0, 8, 5).map((z) => makeFrame(z, { temporalPosition: 2 })),
    ];
    const grouping = group([multiFrame('m', frames)]);
    expect(kept(grouping).map(({ slices }) => slices.length)).toEqual([8, 8]);
    const first = kept(grouping).find(({ slices }) => slices.some(({ frame }) => frame === 1));
    expect(grouping.verdicts).toEqual([
      {
        sourceKey: expect.any(String),
        disposition: 'kept',
        rule: null,
        ruleEvidence: [],
        reason: null,
        seriesUnit: first?.seriesUnit,
      },
    ]);
  });
});

describe('evidence of a unit', () => {
  it('is what most instances say; a tie says nothing', () => {
    const says = (contrast: 'yes' | 'no' | null, count: number, from: number) =>
      makeStack(`e${contrast}`, range(from * 5, count, 5), { record: { evidence: { ...SILENT, contrast } } });
    expect(group([...says('yes', 4, 0), ...says(null, 2, 4)]).units[0]?.evidence?.contrast).toBe('yes');
    expect(group([...says('yes', 3, 0), ...says('no', 3, 3)]).units[0]?.evidence?.contrast).toBeNull();
    expect(group([...says('yes', 2, 0), ...says(null, 4, 2)]).units[0]?.evidence?.contrast).toBeNull();
  });
});

describe('passes over the same positions', () => {
  const twoPasses = (
    frameOf: (pass: number, index: number) => Partial<FrameDescription>,
    numberOf: (pass: number, index: number) => number | null = () => null,
    count = 8,
  ) =>
    [0, 1].flatMap((pass) =>
      range(0, count, 5).map((z, index) =>
        makeRecord(`t${pass}-${index}`, z, {
          frame: frameOf(pass, index),
          record: { instanceNumber: numberOf(pass, index) },
        }),
      ),
    );
  const passesOf = (records: readonly InstanceRecord[], options: Partial<typeof OPTIONS> = {}) =>
    kept(group(records, { splitBy: [], ...options }))
      .sort((a, b) => (a.pass?.number ?? 0) - (b.pass?.number ?? 0))
      .map(({ pass, slices }) => ({
        pass,
        made: new Set(
          slices.map(
            ({ sopInstanceUid }) =>
              records.findIndex((record) => record.sopInstanceUid === sopInstanceUid) < records.length / 2,
          ),
        ).size,
      }));

  it.each([
    ['temporal-position', (pass: number) => ({ temporalPosition: pass === 0 ? 30 : 70 })],
    ['trigger-time', (pass: number) => ({ triggerTimeMs: pass === 0 ? 120 : 410.5 })],
    ['trigger-time', (pass: number, index: number) => ({ triggerTimeMs: 100 + index + 300 * pass })],
    ['acquisition-number', (pass: number) => ({ acquisitionNumber: 4 + pass })],
    ['acquisition-time', (pass: number) => ({ acquisitionRank: pass })],
    ['acquisition-time', (pass: number, index: number) => ({ acquisitionRank: 8 * pass + index })],
    ['acquisition-time', (pass: number, index: number) => ({ acquisitionRank: 2 * index + pass })],
    // The table turns back for the second.
    ['acquisition-time', (pass: number, index: number) => ({ acquisitionRank: pass ? 15 - index : index })],
    [
      'content-time',
      (pass: number, index: number) => ({ acquisitionRank: index, contentRank: 8 * pass + index }),
    ],
  ] as [string, (pass: number, index: number) => Partial<FrameDescription>][])(
    'are told apart by %s, without instance numbers',
    (by, frameOf) => {
      expect(passesOf(twoPasses(frameOf))).toEqual([
        { pass: { number: 1, count: 2, by }, made: 1 },
        { pass: { number: 2, count: 2, by }, made: 1 },
      ]);
    },
  );

  it('are told apart by times where instance numbers would mix them', () => {
    const mixed = (pass: number, index: number) => 2 * index + (index % 2 === 0 ? pass : 1 - pass);
    const records = twoPasses((pass, index) => ({ acquisitionRank: 8 * pass + index }), mixed);
    expect(passesOf(records).map(({ made }) => made)).toEqual([1, 1]);
  });

  it('are units of their own where one covers a part of the other, when times say so', () => {
    const whole = range(0, 20, 5).map((z, index) =>
      makeRecord(`w${index}`, z, { frame: { acquisitionRank: index } }),
    );
    const again = range(20, 6, 5).map((z, index) =>
      makeRecord(`g${index}`, z, { frame: { acquisitionRank: 20 + index } }),
    );
    expect(reasons(group([...whole, ...again]))).toEqual({ kept: 26 });
    const silent = [...whole, ...again].map((record) => ({
      ...record,
      image: record.image && {
        ...record.image,
        frames: record.image.frames.map((frame) => ({ ...frame, acquisitionRank: null })),
      },
    }));
    expect(reasons(group(silent))).toEqual({ kept: 20, 'duplicate-position': 6 });
  });

  it('are numbered where the pipeline asks to split them too', () => {
    const records = twoPasses((pass) => ({ temporalPosition: pass === 0 ? 100 : 20 }));
    const units = kept(group(records, { splitBy: ['temporal_position'] }));
    expect(units.map(({ pass }) => pass?.number).sort()).toEqual([1, 2]);
    expect(units.map(({ pass }) => pass?.by)).toEqual(['temporal-position', 'temporal-position']);
  });
});

describe('what is uneven in a stack', () => {
  const measured = (records: readonly InstanceRecord[]) => group(records).units[0]?.consistency;

  it('is nothing in a plain one', () => {
    expect(measured(makeStack('a', range(0, 6, 5)))).toEqual({
      spacingRuns: [{ spacingMm: 5, steps: 5 }],
      spacingMinMm: 5,
      spacingMaxMm: 5,
      gapPositionsMm: [],
      sliceThicknessMm: 5,
      sliceOverlapMm: 0,
      rescaleMixed: false,
      frameOfReferenceCount: 1,
      inPlaneRotationDeg: 0,
      matrixMirrored: false,
    });
  });

  it('says where slices are missing, and how steps run', () => {
    const positions = range(0, 20, 2.5).filter((_, index) => ![4, 9, 10].includes(index));
    // Axial stacks run from head to foot: the fourth slice from the foot is the sixteenth from the head.
    expect(measured(makeStack('a', positions))?.gapPositionsMm).toEqual([22.5, 25, 37.5]);
    expect(measured(makeStack('a', [0, 4, 8, 12, 19, 26, 33]))).toMatchObject({
      spacingRuns: [
        { spacingMm: 7, steps: 3 },
        { spacingMm: 4, steps: 3 },
      ],
      spacingMinMm: 4,
      spacingMaxMm: 7,
      gapPositionsMm: null,
    });
  });

  it('says how far slices overlap or stand apart', () => {
    expect(measured(makeStack('a', range(0, 6, 2)))?.sliceOverlapMm).toBe(3);
    expect(measured(makeStack('a', range(0, 6, 10)))?.sliceOverlapMm).toBe(-5);
    const silent = { frame: { sliceThicknessMm: null } };
    expect(measured(makeStack('a', range(0, 6, 10), silent))?.sliceOverlapMm).toBe(null);
  });

  it('says that rescale and frame of reference differ', () => {
    const records = makeStack('a', range(0, 6, 5));
    const other = makeRecord('b', 30, {
      frame: { rescaleIntercept: 0 },
      record: { frameOfReferenceUid: '2.25.99' },
    });
    const grouping = group([...records, other]);
    expect(kept(grouping)).toHaveLength(1);
    expect(grouping.units[0]?.consistency).toMatchObject({ rescaleMixed: true, frameOfReferenceCount: 2 });
  });

  it.each([
    ['supine, head first', AXIAL, 0, false],
    ['turned by half', [-1, 0, 0, 0, -1, 0], 180, false],
    ['turned by a quarter', [0, 1, 0, -1, 0, 0], 90, false],
    ['turned back by a quarter', [0, -1, 0, 1, 0, 0], -90, false],
    ['mirrored left to right', [-1, 0, 0, 0, 1, 0], 0, true],
    ['mirrored top to bottom', [1, 0, 0, 0, -1, 0], 180, true],
    ['coronal', CORONAL, 0, false],
    ['coronal from behind', [-1, 0, 0, 0, 0, -1], 0, true],
    ['sagittal', SAGITTAL, 0, false],
    ['coronal upside down', [-1, 0, 0, 0, 0, 1], 180, false],
  ] as [string, FrameDescription['imageOrientationPatient'], number, boolean][])(
    'says how the matrix lies: %s',
    (_, imageOrientationPatient, inPlaneRotationDeg, matrixMirrored) => {
      const records = range(0, 6, 5).map((step) =>
        makeRecord(`m${step}`, 0, {
          frame: { imageOrientationPatient, imagePositionPatient: [step, step, step] },
        }),
      );
      expect(measured(records)).toMatchObject({ inPlaneRotationDeg, matrixMirrored });
    },
  );

  it('counts what was taken out', () => {
    const aside = makeRecord('aside', 22, { frame: { imagePositionPatient: [-200, -250, 22] } });
    const [unit] = kept(group([...makeStack('a', range(0, 20, 5)), aside, makeRecord('beyond', 900)]));
    expect(unit?.removedSliceCount).toBe(2);
  });
});
