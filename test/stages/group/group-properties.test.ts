import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupSeries } from '../../../stages/group/group-series.ts';
import { dispositionOf } from '../../../stages/reasons.ts';
import type { FrameDescription, InstanceRecord } from '../../../stages/records.ts';
import { RULES } from '../../../stages/rules.ts';
import { AXIAL, CORONAL, makeFrame, makeRecord, OPTIONS, SAGITTAL, SILENT } from './records.ts';

const frame: fc.Arbitrary<FrameDescription> = fc
  .record({
    place: fc.integer({ min: 0, max: 24 }),
    aside: fc.constantFrom(0, 0, 0, 0, 60),
    plane: fc.constantFrom(AXIAL, AXIAL, AXIAL, CORONAL, SAGITTAL, null),
    acquisitionNumber: fc.constantFrom(null, 1, 2),
    temporalPosition: fc.constantFrom(null, null, 10, 20),
    acquisitionRank: fc.option(fc.integer({ min: 0, max: 40 })),
    contentRank: fc.option(fc.integer({ min: 0, max: 40 })),
    triggerTimeMs: fc.constantFrom(null, 100, 100, 400),
    rescaleIntercept: fc.constantFrom(-1024, -1024, 0),
    sliceThicknessMm: fc.constantFrom(null, 3, 5),
    rescaleType: fc.constantFrom(null, 'HU', 'HU', 'HU', 'US'),
    imageType: fc.constantFrom(
      ['ORIGINAL', 'PRIMARY', 'AXIAL'],
      ['ORIGINAL', 'PRIMARY', 'AXIAL'],
      ['DERIVED', 'SECONDARY', 'AVERAGE'],
      ['ORIGINAL', 'PRIMARY', 'LOCALIZER'],
      ['DERIVED', 'SECONDARY', 'MIP'],
    ),
  })
  .map(({ place, aside, plane, imageType, ...rest }) =>
    makeFrame(0, {
      ...rest,
      imageType: [...imageType],
      imageOrientationPatient: plane,
      imagePositionPatient: plane === CORONAL ? [aside, place * 3, 0] : [aside, 0, place * 3],
    }),
  );

const record: fc.Arbitrary<InstanceRecord> = fc
  .record({
    name: fc.integer({ min: 0, max: 60 }),
    key: fc.integer({ min: 0, max: 1e9 }),
    frames: fc.oneof(
      { weight: 6, arbitrary: fc.tuple(frame) },
      { weight: 1, arbitrary: fc.array(frame, { maxLength: 9 }) },
    ),
    series: fc.constantFrom('2.25.20', '2.25.20', '2.25.21', null),
    study: fc.constantFrom('2.25.10', '2.25.10', '2.25.11'),
    patientId: fc.constantFrom('ZZA', 'ZZA', 'ZZA', 'ZZA', 'ZZA', 'ZZB', null),
    instanceNumber: fc.option(fc.integer({ min: 1, max: 60 })),
    unreadable: fc.integer({ min: 0, max: 9 }),
    hints: fc.constantFrom<(typeof SILENT)['hints'][]>(
      [],
      [],
      ['localizer'],
      ['phantom'],
      ['bolus-tracking'],
    ),
    digest: fc.constantFrom('a', 'a', 'b'),
  })
  .map(({ name, key, frames, series, study, patientId, instanceNumber, unreadable, hints, digest }) => {
    const made = makeRecord(`n${name}`, 0, {
      image: { frames: frames.map((each, index) => ({ ...each, frame: index })) },
      record: {
        seriesInstanceUid: series,
        studyInstanceUid: study,
        patientId,
        instanceNumber,
        sourceKey: key.toString(16).padStart(32, '0'),
        sourceDigest: `${digest}${name}`,
        outputSha256: `${digest}${name}`,
        evidence: { ...SILENT, hints },
      },
    });
    return unreadable > 0
      ? made
      : { ...made, disposition: 'unreadable' as const, reason: 'truncated' as const, image: null };
  });

const records = fc.uniqueArray(record, { selector: ({ sourceKey }) => sourceKey, maxLength: 80 });

describe('grouping of anything', () => {
  it('does not depend on the order of the records', () => {
    fc.assert(
      fc.property(
        records.chain((list) =>
          fc.tuple(
            fc.constant(list),
            fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length }),
          ),
        ),
        ([list, shuffled]) => {
          expect(groupSeries(shuffled, OPTIONS)).toEqual(groupSeries(list, OPTIONS));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('gives every record one verdict, which its reason stands for', () => {
    fc.assert(
      fc.property(records, (list) => {
        const { units, verdicts } = groupSeries(list, OPTIONS);
        expect(verdicts.map(({ sourceKey }) => sourceKey)).toEqual(
          list.map(({ sourceKey }) => sourceKey).sort(),
        );
        for (const { disposition, reason } of verdicts) expect(disposition).toBe(dispositionOf(reason));
        const keys = units.map(({ seriesUnit }) => seriesUnit);
        expect(keys).toEqual([...new Set(keys)].sort());
        for (const { seriesUnit } of verdicts) if (seriesUnit !== null) expect(keys).toContain(seriesUnit);
      }),
      { numRuns: 150 },
    );
  });

  it('puts every slice in at most one unit, and every kept instance in a kept one', () => {
    fc.assert(
      fc.property(records, (list) => {
        const { units, verdicts } = groupSeries(list, OPTIONS);
        const kept = units.filter(({ disposition }) => disposition === 'kept');
        const seen = new Map<string, string>();
        for (const { seriesUnit, slices } of units) {
          for (const { sopInstanceUid, frame: index } of slices) {
            const slice = `${sopInstanceUid}/${index}`;
            // A patient's instance may carry the UID of another's: those are in no kept unit.
            if (seen.has(slice)) expect(kept.map((unit) => unit.seriesUnit)).not.toContain(seriesUnit);
            seen.set(slice, seriesUnit);
          }
        }
        const keptKeys = new Set(kept.map(({ seriesUnit }) => seriesUnit));
        for (const { disposition, seriesUnit } of verdicts) {
          if (disposition === 'kept') expect(keptKeys).toContain(seriesUnit);
          else expect(seriesUnit === null || !keptKeys.has(seriesUnit)).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('keeps only honest stacks: one plane, rising positions, enough slices', () => {
    fc.assert(
      fc.property(records, (list) => {
        const { units } = groupSeries(list, OPTIONS);
        for (const unit of units.filter(({ disposition }) => disposition === 'kept')) {
          expect(unit.slices.length).toBeGreaterThanOrEqual(OPTIONS.minSlices);
          const positions = unit.slices.map(({ positionMm }) => positionMm);
          for (let index = 1; index < positions.length; index += 1) {
            expect(positions[index]).toBeGreaterThan(positions[index - 1] ?? Number.NaN);
          }
          const planes = new Set(
            unit.slices.map(({ sopInstanceUid, frame: index }) => {
              const found = list.find(
                (entry) => entry.sopInstanceUid === sopInstanceUid && entry.disposition === 'kept',
              );
              return found?.image?.frames[index]?.imageOrientationPatient?.join(',');
            }),
          );
          expect(planes.size).toBe(1);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('loses no frame: each is in one unit, or its instance has a verdict without one', () => {
    fc.assert(
      fc.property(records, (list) => {
        const { units, verdicts } = groupSeries(list, OPTIONS);
        const inUnits = units.reduce((sum, { slices }) => sum + slices.length, 0);
        const takenOut = units.reduce((sum, { removedSliceCount }) => sum + removedSliceCount, 0);
        const outside = new Set(
          verdicts
            .filter(({ reason, seriesUnit }) => seriesUnit === null && !REMOVED.has(reason))
            .map(({ sourceKey }) => sourceKey),
        );
        const grouped = list.filter(({ sourceKey }) => !outside.has(sourceKey));
        const frames = grouped.reduce((sum, { image }) => sum + (image?.frames.length ?? 0), 0);
        expect(inUnits + takenOut).toBe(frames);
      }),
      { numRuns: 150 },
    );
  });

  it('mixes in no unit with a geometry orientations, matrices, pixel spacings, studies or series', () => {
    fc.assert(
      fc.property(records, (list) => {
        const { units, verdicts } = groupSeries(list, OPTIONS);
        const byKey = new Map(list.map((each) => [each.sourceKey, each]));
        for (const unit of units.filter(({ consistency }) => consistency !== null)) {
          const members = verdicts
            .filter(({ seriesUnit }) => seriesUnit === unit.seriesUnit)
            .map(({ sourceKey }) => byKey.get(sourceKey));
          expect(
            new Set(members.map((each) => `${each?.studyInstanceUid}|${each?.seriesInstanceUid}`)).size,
          ).toBeLessThanOrEqual(1);
          const grids = unit.slices.map(({ sopInstanceUid, frame: index }) => {
            const found = list.find(
              (each) =>
                each.sopInstanceUid === sopInstanceUid &&
                each.seriesInstanceUid !== null &&
                verdicts.some(
                  ({ sourceKey, reason }) => sourceKey === each.sourceKey && !IDENTITY.has(reason),
                ),
            );
            const frameOf = found?.image?.frames[index];
            return [found?.image?.rows, frameOf?.pixelSpacingMm, frameOf?.imageOrientationPatient].join();
          });
          expect(new Set(grids).size).toBe(1);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('names for every verdict that keeps nothing a rule of its reason', () => {
    fc.assert(
      fc.property(records, (list) => {
        for (const { reason, rule, ruleEvidence } of groupSeries(list, OPTIONS).verdicts) {
          if (reason === null) expect([rule, ruleEvidence]).toEqual([null, []]);
          else expect(rule === null ? null : RULES[rule].reason).toBe(reason);
        }
      }),
      { numRuns: 150 },
    );
  });
});

/** Reasons of slices that were taken out of a stack. */
const REMOVED = new Set<string | null>(['odd-slice', 'duplicate-position']);
/** Reasons before anything is looked at as an image. */
const IDENTITY = new Set<string | null>([
  'truncated',
  'duplicate-instance',
  'conflicting-instances',
  'patient-mismatch',
  'identifiers-missing',
]);
