import { describe, expect, test } from 'vitest';
import { type Evaluation, evaluateLabels } from '../../evaluation/evaluate.ts';
import { checkGate, parseGate } from '../../evaluation/gate.ts';
import { type LabelTable, parseLabelTable } from '../../evaluation/tables.ts';

const LABELS = ['axial', 'coronal', 'sagittal'];

function toTable(labels: (string | undefined)[]): LabelTable {
  const columns = new Map<string, unknown[]>([
    ['series_unit', labels.map((_, i) => `series-${i}`)],
    ['axis', labels],
  ]);
  return parseLabelTable(columns, { name: 'test' });
}

/** 20 axial, 10 coronal and 2 sagittal series, with so many of each wrong. */
function evaluateAxis(wrong: number[], compare?: number[]): Evaluation {
  const truth = LABELS.flatMap((label, c) => Array.from({ length: [20, 10, 2][c]! }, () => label));
  const predict = (mistakes: number[]): string[] => {
    const left = [...mistakes];
    return truth.map((label) => {
      const c = LABELS.indexOf(label);
      return left[c]!-- > 0 ? LABELS[(c + 1) % 3]! : label;
    });
  };
  return evaluateLabels(
    {
      truth: toTable(truth),
      predictions: toTable(predict(wrong)),
      ...(compare === undefined ? {} : { compare: toTable(predict(compare)) }),
    },
    { rounds: 100, seed: 1, cluster: 'series', subgroups: [] },
  );
}

describe('the release gate', () => {
  test('passes at the limit and fails below it', () => {
    const evaluation = evaluateAxis([2, 0, 0]);
    const check = (limit: number): boolean =>
      checkGate(parseGate({ minimum: { 'axis.accuracy': limit } }), evaluation, null).passed;
    expect(check(30 / 32)).toBe(true);
    expect(check(0.9376)).toBe(false);
  });

  test('fails when a class loses more than allowed, whatever the others gain', () => {
    const evaluation = evaluateAxis([0, 3, 0], [8, 0, 0]);
    const gate = parseGate({ maximum_loss: { 'axis.accuracy': 0, 'axis.*.sensitivity': 0.2 } });
    const { passed, findings } = checkGate(gate, evaluation, null);
    expect(passed).toBe(false);
    expect(findings.filter(({ result }) => result === 'fail')).toEqual([
      {
        rule: 'maximum_loss',
        path: 'axis.coronal.sensitivity',
        limit: 0.2,
        value: expect.closeTo(0.3, 12),
        result: 'fail',
        note: null,
      },
    ]);
    expect(findings.find(({ path }) => path === 'axis.accuracy')!.value).toBeLessThan(0);
  });

  test('loses against an earlier evaluation, where more of an error is a loss', () => {
    const gate = parseGate({ maximum_loss: { 'axis.accuracy': 0.01 }, reference: 'earlier.json' });
    expect(gate.reference).toBe('earlier.json');
    expect(checkGate(gate, evaluateAxis([2, 0, 0]), evaluateAxis([0, 0, 0])).passed).toBe(false);
    expect(checkGate(gate, evaluateAxis([0, 0, 0]), evaluateAxis([2, 0, 0])).passed).toBe(true);
    expect(() => checkGate(gate, evaluateAxis([0, 0, 0]), null)).toThrow(/--compare FILE/);
    const missing = parseGate({ maximum_loss: { 'axis.missing_predictions': 0 } });
    const fewer = evaluateLabels(
      { truth: toTable(['axial', 'coronal']), predictions: toTable(['axial', undefined]) },
      { rounds: 0, seed: 1, cluster: 'series', subgroups: [] },
    );
    expect(checkGate(missing, fewer, evaluateAxis([0, 0, 0])).passed).toBe(false);
  });

  test('rare classes are skipped by * alone, and listed', () => {
    const evaluation = evaluateAxis([0, 0, 1]);
    const rules = { minimum: { 'axis.*.sensitivity': 0.9 }, minimum_support: 5 };
    const { passed, findings } = checkGate(parseGate(rules), evaluation, null);
    expect(passed).toBe(true);
    expect(findings.find(({ path }) => path === 'axis.sagittal.sensitivity')).toMatchObject({
      result: 'skipped',
      note: 'only 2 true series',
    });
    const named = { ...rules, minimum: { 'axis.sagittal.sensitivity': 0.9 } };
    expect(checkGate(parseGate(named), evaluation, null).passed).toBe(false);
  });

  test('never passes on silence: no interval, no such value, no rule', () => {
    const noIntervals = evaluateLabels(
      { truth: toTable(['axial', 'coronal']), predictions: toTable(['axial', 'coronal']) },
      { rounds: 0, seed: 1, cluster: 'series', subgroups: [] },
    );
    const gate = parseGate({ minimum_low: { 'axis.accuracy': 0.5 } });
    expect(checkGate(gate, noIntervals, null).findings[0]).toMatchObject({
      result: 'fail',
      note: 'undefined on this data',
    });
    for (const path of ['axis.acuracy', 'axis.oblique.sensitivity', 'axis.ece', 'joint.joint_exact_match']) {
      expect(() => checkGate(parseGate({ minimum: { [path]: 0 } }), noIntervals, null)).toThrow(path);
    }
    expect(() => parseGate({})).toThrow(/no rule/);
  });

  test('lists every mistake of a gate file at once', () => {
    expect(() =>
      parseGate({ minimun: {}, minimum: { 'axis.accuracy': '0.9' }, maximum: [], reference: 3 }),
    ).toThrow(/"minimun".*"axis\.accuracy".*"maximum".*"reference"/);
    expect(() => parseGate(null)).toThrow(/mapping/);
  });
});
