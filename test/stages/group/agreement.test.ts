import { describe, expect, it } from 'vitest';
import { BODY_PARTS } from '../../../models/labels.ts';
import { INPUT_REASONS } from '../../../stages/classify/judge-input.ts';
import { compareEvidence, contains, REVIEW_REASONS, reviewReasons } from '../../../stages/group/agreement.ts';

describe('agreement of header and pixels', () => {
  it.each([
    ['body_part', null, 'chest', 'header-silent'],
    ['body_part', 'chest', 'chest', 'agree'],
    ['body_part', 'chest', 'chest-abdomen-pelvis', 'refine'],
    ['body_part', 'chest-abdomen-pelvis', 'chest', 'refine'],
    ['body_part', 'head', 'head-and-face', 'refine'],
    ['body_part', 'head', 'temporal-bone', 'refine'],
    ['body_part', 'abdomen-pelvis', 'abdomen', 'refine'],
    ['body_part', 'chest', 'abdomen', 'conflict'],
    ['body_part', 'head', 'chest', 'conflict'],
    ['body_part', 'neck', 'chest', 'conflict'],
    ['axis', 'axial', 'coronal', 'conflict'],
    ['axis', 'coronal', 'coronal', 'agree'],
    ['contrast', 'no', 'yes', 'conflict'],
    ['contrast', null, 'yes', 'header-silent'],
  ] as const)('%s: %s against %s: %s', (task, header, predicted, verdict) => {
    expect(compareEvidence(task, header, predicted)).toBe(verdict);
  });

  it('rests on an order: what contains is not contained, and contains what its parts contain', () => {
    for (const a of BODY_PARTS) {
      expect(contains(a, a)).toBe(false);
      for (const b of BODY_PARTS) {
        if (!contains(a, b)) continue;
        expect(contains(b, a)).toBe(false);
        for (const c of BODY_PARTS)
          if (contains(b, c)) expect(contains(a, c), `${a} > ${b} > ${c}`).toBe(true);
      }
    }
  });
});

describe('reasons for review', () => {
  const sure = {
    scores: { body_part: 0.9, axis: 0.99, contrast: 0.9 },
    reviewBelow: { body_part: 0.6, axis: 0.9, contrast: 0.7 },
    acceptFrom: {},
    inputReasons: [],
    agreement: { body_part: 'agree', axis: 'agree', contrast: 'header-silent' },
    axis: 'axial',
    axisGeometry: 'axial',
    sliceSpacingRegular: true,
    sliceGapCount: 0,
  } as const;

  it('are none when all is well', () => {
    expect(reviewReasons(sure)).toEqual([]);
    expect(
      reviewReasons({ ...sure, axisGeometry: null, agreement: { ...sure.agreement, body_part: 'refine' } }),
    ).toEqual([]);
  });

  it('are all given, in their order', () => {
    expect(
      reviewReasons({
        scores: { body_part: 0.59, axis: 0.89, contrast: 0.69 },
        reviewBelow: sure.reviewBelow,
        acceptFrom: {},
        inputReasons: INPUT_REASONS,
        agreement: { body_part: 'conflict', axis: 'conflict', contrast: 'conflict' },
        axis: 'axial',
        axisGeometry: 'coronal',
        sliceSpacingRegular: false,
        sliceGapCount: null,
      }),
    ).toEqual(REVIEW_REASONS.filter((reason) => reason !== 'missing-slices'));
    expect(reviewReasons({ ...sure, sliceSpacingRegular: false, sliceGapCount: 2 })).toEqual([
      'missing-slices',
    ]);
    // A pipeline may ask for less than what the bundle itself believes.
    expect(reviewReasons({ ...sure, acceptFrom: { body_part: 0.95 } })).toEqual(['low-score-body_part']);
  });

  it('take a low score of a plane as no doubt where geometry says the same', () => {
    const unsure = { ...sure, scores: { ...sure.scores, axis: 0.4 }, acceptFrom: { axis: 0.5 } };
    expect(reviewReasons(unsure)).toEqual([]);
    expect(reviewReasons({ ...unsure, axisGeometry: null })).toEqual(['low-score-axis']);
    expect(reviewReasons({ ...unsure, axisGeometry: 'coronal' })).toEqual([
      'low-score-axis',
      'axis-differs-from-geometry',
    ]);
  });
});
