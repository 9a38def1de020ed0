import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scoreTask } from '../../models/scores.ts';

const AXES = ['axial', 'coronal', 'sagittal'];

describe('scoreTask', () => {
  test('gives the softmax of logits over temperature', () => {
    const prediction = scoreTask('axis', AXES, [2, 0, 4], 2);
    const sum = Math.E + 1 + Math.E ** 2;
    expect(prediction.scores).toEqual([Math.E / sum, 1 / sum, Math.E ** 2 / sum].map(Math.fround));
    expect(prediction).toMatchObject({
      task: 'axis',
      label: 'sagittal',
      secondLabel: 'axial',
      score: Math.fround(Math.E ** 2 / sum),
      secondScore: Math.fround(Math.E / sum),
      logits: [2, 0, 4],
    });
  });

  test('does not see differences far below 1e-4', () => {
    const logits = [1.23456, -0.98761, 0.00002];
    const shaken = logits.map((logit) => logit + 3e-7);
    expect(scoreTask('axis', AXES, shaken, 1.3)).toEqual(scoreTask('axis', AXES, logits, 1.3));
  });

  test('takes the first label of equals, and zero for minus zero', () => {
    const prediction = scoreTask('axis', AXES, [-0.00001, 0, 0], 1);
    expect([prediction.label, prediction.secondLabel]).toEqual(['axial', 'coronal']);
    expect(Object.is(prediction.logits[0], 0)).toBe(true);
  });

  test('orders by logit where float32 scores are equal', () => {
    const prediction = scoreTask('axis', AXES, [-400, -200, 300], 1);
    expect(prediction.scores).toEqual([0, 0, 1]);
    expect([prediction.label, prediction.secondLabel]).toEqual(['sagittal', 'coronal']);
  });

  test('gives scores that sum to 1 and agree with the label, for any logits', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 3, maxLength: 3 }),
        fc.double({ min: 0.05, max: 20, noNaN: true }),
        (logits, temperature) => {
          const { scores, score, label, secondScore } = scoreTask('axis', AXES, logits, temperature);
          expect(scores.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 6);
          expect(score).toBe(Math.max(...scores));
          expect(scores[AXES.indexOf(label)]).toBe(score);
          expect(secondScore).toBeLessThanOrEqual(score);
        },
      ),
    );
  });
});
