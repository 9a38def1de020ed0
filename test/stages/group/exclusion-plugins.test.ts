import { describe, expect, it } from 'vitest';
import {
  applyExclusionPlugins,
  type ExclusionPlugin,
  type UnitFacts,
} from '../../../stages/group/exclusion-plugins.ts';
import { type Grouping, groupSeries } from '../../../stages/group/group-series.ts';
import type { InstanceRecord } from '../../../stages/records.ts';
import { makeFrame, makeRecord, makeStack, OPTIONS, range } from './records.ts';

const thin = makeStack('thin', range(0, 6, 1));
const thick = makeStack('thick', range(0, 6, 5), { record: { seriesInstanceUid: '2.25.77' } });
const records = [...thin, ...thick];
const grouping = groupSeries(records, OPTIONS);

const apply = (
  exclude: ExclusionPlugin['exclude'],
  of: Grouping = grouping,
  all: InstanceRecord[] = records,
) => applyExclusionPlugins(of, all, [{ plugin: { name: 'mine', exclude }, options: { limit: 3 } }]);
const unitOf = ({ units }: Grouping, spacing: number) =>
  units.find(({ sliceSpacingMm }) => sliceSpacingMm === spacing)!;

describe('an exclusion rule of a pipeline', () => {
  it('excludes units and their instances with what it rests on, and leaves the others alone', () => {
    const judged = apply(({ sliceSpacingMm }, { limit }) =>
      (sliceSpacingMm ?? 0) > Number(limit) ? { 'spacing-mm': sliceSpacingMm ?? 0, why: 'too-thick' } : false,
    );
    const wanted = {
      disposition: 'excluded',
      reason: 'excluded-by-plugin',
      rule: 'excluded-by-plugin',
      ruleEvidence: ['plugin=mine', 'spacing-mm=5', 'why=too-thick'],
    };
    expect(unitOf(judged, 5)).toMatchObject(wanted);
    expect(unitOf(judged, 1)).toEqual(unitOf(grouping, 1));
    const thickKeys = new Set(thick.map(({ sourceKey }) => sourceKey));
    for (const [index, verdict] of judged.verdicts.entries())
      if (thickKeys.has(verdict.sourceKey)) expect(verdict).toMatchObject(wanted);
      else expect(verdict).toEqual(grouping.verdicts[index]);
    expect(apply(() => true).units.map(({ ruleEvidence }) => ruleEvidence)).toEqual([
      ['plugin=mine'],
      ['plugin=mine'],
    ]);
    expect(apply(() => false)).toEqual(grouping);
  });

  it('sees no identifier, and cannot change what it is shown', () => {
    const seen: UnitFacts[] = [];
    apply((unit) => {
      seen.push(structuredClone(unit));
      (unit.pixelSpacingMm as number[])[0] = 99;
      return false;
    });
    expect(seen).toHaveLength(2);
    const text = JSON.stringify(seen);
    for (const { patientId, studyInstanceUid, seriesInstanceUid, sopInstanceUid, sourceKey } of records)
      for (const identifier of [patientId, studyInstanceUid, seriesInstanceUid, sopInstanceUid, sourceKey])
        expect(text).not.toContain(`"${identifier}"`);
    for (const { seriesUnit, pixelSpacingMm } of grouping.units) {
      expect(text).not.toContain(seriesUnit);
      expect(pixelSpacingMm).not.toContain(99);
    }
  });

  it('is asked of kept units alone; the first rule that excludes is the one that is named', () => {
    const asked: string[] = [];
    const plugin = (name: string, answer: boolean): ExclusionPlugin => ({
      name,
      exclude: () => {
        asked.push(name);
        return answer;
      },
    });
    const plugins = [plugin('one', false), plugin('two', true), plugin('three', true)];
    const few = groupSeries([...thin, ...thick.slice(0, 3)], OPTIONS);
    const judged = applyExclusionPlugins(
      few,
      records,
      plugins.map((each) => ({ plugin: each, options: {} })),
    );
    expect(asked).toEqual(['one', 'two']);
    expect(unitOf(judged, 1).ruleEvidence).toEqual(['plugin=two']);
    expect(unitOf(judged, 5).reason).toBe('too-few-slices');
  });

  it('that throws, or gives no answer, quarantines the unit and says nothing of what it threw', () => {
    const bad: [unknown, string][] = [
      [undefined, 'bad-answer'],
      ['exclude', 'bad-answer'],
      [Promise.resolve(false), 'bad-answer'],
      [['a'], 'bad-answer'],
      [{ note: 'Free text of ZZTEST^CANARY' }, 'bad-answer'],
      [{ 'Not Kebab': 1 }, 'bad-answer'],
      [{ plugin: 'another' }, 'bad-answer'],
      [{ value: Number.NaN }, 'bad-answer'],
    ];
    for (const [answer, failure] of bad)
      expect(
        unitOf(
          apply(() => answer as boolean),
          1,
        ),
      ).toMatchObject({
        disposition: 'quarantined',
        reason: 'plugin-failed',
        ruleEvidence: ['plugin=mine', `failure=${failure}`],
      });
    const threw = apply(() => {
      throw new Error('ZZTEST^CANARY');
    });
    expect(unitOf(threw, 1).ruleEvidence).toEqual(['plugin=mine', 'failure=threw']);
    expect(JSON.stringify(threw)).not.toContain('CANARY');
  });

  it('leaves a multi-frame instance kept while frames of it are in a unit that stays', () => {
    const plane = (z: number, x: number) => ({
      ...makeFrame(z),
      imageOrientationPatient: (x === 0 ? [1, 0, 0, 0, 1, 0] : [1, 0, 0, 0, 0, -1]) as never,
      imagePositionPatient: (x === 0 ? [0, 0, z] : [0, z, 0]) as [number, number, number],
    });
    const base = makeRecord('multi', 0);
    const frames = [...range(0, 6, 1).map((z) => plane(z, 0)), ...range(0, 6, 5).map((z) => plane(z, 1))].map(
      (frame, index) => ({ ...frame, frame: index }),
    );
    const record = { ...base, image: { ...base.image!, frames } } as InstanceRecord;
    const both = groupSeries([record], OPTIONS);
    expect(both.units.filter(({ disposition }) => disposition === 'kept')).toHaveLength(2);
    const first = both.units.find(({ seriesUnit }) => seriesUnit === both.verdicts[0]!.seriesUnit)!;
    const judged = apply(({ sliceSpacingMm }) => sliceSpacingMm === first.sliceSpacingMm, both, [record]);
    expect(judged.verdicts[0]).toMatchObject({ disposition: 'kept', reason: null });
    expect(judged.verdicts[0]!.seriesUnit).not.toBe(first.seriesUnit);
    expect(apply(() => true, both, [record]).verdicts[0]).toMatchObject({ disposition: 'excluded' });
  });
});
