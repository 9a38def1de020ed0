import { describe, expect, it } from 'vitest';
import { describeUnreadable } from '../../../stages/deidentify/describe-unreadable.ts';
import { listSeriesWithText, showsFace, withholdUnit } from '../../../stages/publish/withhold-unit.ts';
import type { Reason } from '../../../stages/reasons.ts';
import type { InstanceRecord, SeriesUnit } from '../../../stages/records.ts';

const guess = (label: string, secondLabel = 'abdomen', secondScore = 0.01) => ({
  label,
  secondLabel,
  secondScore,
});

describe('showsFace', () => {
  it.each([
    ['the label', guess('head'), null, true],
    ['the label of a neck', guess('neck'), null, true],
    ['the second guess', guess('temporal-bone', 'chest', 0.3), null, true],
    ['the second guess, likely enough', guess('t-spine', 'c-and-t-spine', 0.05), null, true],
    ['the second guess, too unlikely', guess('t-spine', 'c-and-t-spine', 0.04), null, false],
    ['the header alone', undefined, 'face-orbits-sinus', true],
    ['the header against the label', guess('chest'), 'head', true],
    ['a label without a face', guess('abdomen', 'pelvis', 0.4), 'abdomen', false],
    ['a header without a face', undefined, 'chest', false],
    ['nothing', undefined, null, null],
  ] as const)('by %s', (_, prediction, bodyPart, expected) => {
    expect(showsFace(prediction, { bodyPart })).toBe(expected);
  });

  it('by a skull in the pixels, whatever else is said; none rules nothing out', () => {
    expect(showsFace(guess('abdomen'), { bodyPart: 'abdomen' }, true)).toBe(true);
    expect(showsFace(undefined, null, true)).toBe(true);
    expect(showsFace(guess('head'), null, false)).toBe(true);
    expect(showsFace(guess('abdomen'), null, false)).toBe(false);
    expect(showsFace(undefined, null, false)).toBeNull();
  });
});

const record = (seriesInstanceUid: string, reason: Reason | null): InstanceRecord => ({
  ...describeUnreadable('0'.repeat(32), 1, 'damaged'),
  seriesInstanceUid,
  reason,
});

describe('withholdUnit', () => {
  const unit = { seriesInstanceUid: '2.25.1' } as SeriesUnit;
  const none = new Set<string>();

  it('withholds faces when the pipeline says so, also where nothing rules one out', () => {
    const policy = { faces: 'quarantine', seriesWithText: none } as const;
    expect(withholdUnit(unit, true, policy)).toBe('recognizable-face');
    expect(withholdUnit(unit, null, policy)).toBe('recognizable-face');
    expect(withholdUnit(unit, false, policy)).toBeNull();
    expect(withholdUnit(unit, true, { ...policy, faces: 'keep' })).toBeNull();
  });

  it('withholds faces that were to be taken out and were not', () => {
    const policy = { faces: 'deface', seriesWithText: none } as const;
    expect(withholdUnit(unit, true, policy)).toBe('recognizable-face');
    expect(withholdUnit(unit, null, policy)).toBe('recognizable-face');
    expect(withholdUnit(unit, true, policy, true)).toBeNull();
    expect(withholdUnit(unit, false, policy)).toBeNull();
    const text = new Set(['2.25.1']);
    expect(withholdUnit(unit, true, { ...policy, seriesWithText: text }, true)).toBe('burned-in-annotation');
  });

  it('withholds a series of which two slices have text, and not for one', () => {
    const text = 'burned-in-annotation';
    const series = listSeriesWithText([
      record('2.25.1', text),
      record('2.25.1', null),
      record('2.25.1', text),
      record('2.25.2', text),
      record('2.25.3', 'overlay-in-pixels'),
      record('2.25.3', 'overlay-in-pixels'),
    ]);
    expect([...series]).toEqual(['2.25.1']);
    expect(withholdUnit(unit, false, { faces: 'keep', seriesWithText: series })).toBe(text);
    const other = { seriesInstanceUid: '2.25.2' } as SeriesUnit;
    expect(withholdUnit(other, false, { faces: 'keep', seriesWithText: series })).toBeNull();
  });
});
