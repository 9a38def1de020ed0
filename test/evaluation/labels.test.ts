import { describe, expect, test } from 'vitest';
import { COARSE_REGIONS, relateBodyParts } from '../../evaluation/anatomy.ts';
import { createLabelReader, TASK_LABELS } from '../../evaluation/labels.ts';
import { LABELS } from '../../models/labels.ts';

const label = (name: string): { kind: string; label: string } => ({ kind: 'label', label: name });

describe('labels', () => {
  test("the vocabulary is the bundles' vocabulary, in its order", () => {
    expect(TASK_LABELS).toEqual(LABELS);
  });

  test.each([
    ['body_part', 'C and T spine', 'c-and-t-spine'],
    ['body_part', 'c-and-t-spine', 'c-and-t-spine'],
    ['body_part', 'C&T Spine', 'c-and-t-spine'],
    ['body_part', 'Face/Orbits/Sinus', 'face-orbits-sinus'],
    ['body_part', ' Chest-Abdomen-Pelvis ', 'chest-abdomen-pelvis'],
    ['body_part', 'CHEST_ABDOMEN_PELVIS', 'chest-abdomen-pelvis'],
    ['body_part', 'T and L-spine', 't-and-l-spine'],
    ['body_part', 'Cervical spine', 'c-spine'],
    ['body_part', 'Thorax', 'chest'],
    ['axis', 'AX', 'axial'],
    ['axis', 'Transverse', 'axial'],
    ['contrast', 'No', 'no'],
    ['contrast', true, 'yes'],
    ['contrast', 0, 'no'],
    ['contrast', 'C+', 'yes'],
    ['contrast', 'C-', 'no'],
    ['contrast', 'With IV contrast', 'yes'],
    ['contrast', 'non-contrast', 'no'],
  ])('%s: %s is %s', (task, spelling, expected) => {
    expect(createLabelReader(task)(spelling)).toEqual(label(expected));
  });

  test('an empty or unknown cell is unlabelled, another word is not guessed at', () => {
    const read = createLabelReader('contrast');
    for (const nothing of [null, undefined, '', '  ', 'NA', 'n/a', 'Unknown']) {
      expect(read(nothing)).toEqual({ kind: 'unlabelled' });
    }
    expect(read('none')).toEqual(label('no'));
    expect(createLabelReader('body_part')('CT spine')).toEqual({ kind: 'unknown' });
    expect(createLabelReader('body_part')('knee')).toEqual({ kind: 'unknown' });
  });

  test('own aliases come before the table, and other tasks keep their words', () => {
    const own = { body_part: { 'Rumpf gesamt': 'Chest-abdomen-pelvis', Lung: 'chest' } };
    expect(createLabelReader('body_part', own)('rumpf  GESAMT')).toEqual(label('chest-abdomen-pelvis'));
    expect(createLabelReader('kernel', own)('Soft Tissue')).toEqual(label('soft-tissue'));
  });
});

describe('anatomy', () => {
  test.each([
    ['c-spine', 'c-and-t-spine', 'too-wide'],
    ['c-and-t-spine', 'c-spine', 'too-narrow'],
    ['c-and-t-spine', 't-and-l-spine', 'overlap'],
    ['abdomen', 'abdomen-pelvis', 'too-wide'],
    ['chest-abdomen-pelvis', 'chest', 'too-narrow'],
    ['neck', 'c-spine', 'same-level'],
    ['l-spine', 'abdomen', 'same-level'],
    ['chest', 'abdomen', 'adjacent'],
    ['head', 'pelvis', 'distant'],
    ['head', 'head', 'exact'],
  ])('%s predicted as %s is %s', (truth, predicted, relation) => {
    expect(relateBodyParts(truth, predicted)).toBe(relation);
  });

  test('relations are symmetric, wide and narrow change places', () => {
    const mirrored: Record<string, string> = { 'too-wide': 'too-narrow', 'too-narrow': 'too-wide' };
    for (const a of TASK_LABELS.body_part!) {
      for (const b of TASK_LABELS.body_part!) {
        const relation = relateBodyParts(a, b);
        expect(relateBodyParts(b, a)).toBe(mirrored[relation] ?? relation);
        expect(relation === 'exact').toBe(a === b);
      }
      expect(COARSE_REGIONS[a]).toBeDefined();
    }
    expect(() => relateBodyParts('head', 'knee')).toThrow(RangeError);
  });
});
