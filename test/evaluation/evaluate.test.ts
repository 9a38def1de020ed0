import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Evaluation, type EvaluationInput, evaluateLabels } from '../../evaluation/evaluate.ts';
import { TASK_LABELS } from '../../evaluation/labels.ts';
import { parseSubgroupRequest } from '../../evaluation/subgroups.ts';
import { type LabelTable, parseLabelTable } from '../../evaluation/tables.ts';

type Row = Record<string, unknown>;

function toTable(rows: Row[], name = 'test'): LabelTable {
  const columns = new Map<string, unknown[]>();
  for (const column of new Set(rows.flatMap((row) => Object.keys(row)))) {
    columns.set(
      column,
      rows.map((row) => row[column] ?? null),
    );
  }
  return parseLabelTable(columns, { name });
}

function evaluate(
  input: EvaluationInput,
  options: Partial<Parameters<typeof evaluateLabels>[1]> = {},
): Evaluation {
  return evaluateLabels(input, { rounds: 50, seed: 1, cluster: 'series', subgroups: [], ...options });
}

const key = (number: number): string => `series-${String(number).padStart(4, '0')}`;

/** Series with all three tasks; `wrong` says which tasks of a series are wrong. */
function makeSeries(
  count: number,
  wrong: (series: number) => string[],
  more: (series: number) => Row = () => ({}),
): { truth: Row[]; predictions: Row[] } {
  const truth: Row[] = [];
  const predictions: Row[] = [];
  for (let i = 0; i < count; i++) {
    const own: Row = { series_unit: key(i) };
    const told: Row = { series_unit: key(i) };
    for (const [task, labels] of Object.entries(TASK_LABELS)) {
      own[task] = labels[i % labels.length];
      told[task] = labels[(i + (wrong(i).includes(task) ? 1 : 0)) % labels.length];
    }
    truth.push({ ...own, ...more(i) });
    predictions.push(told);
  }
  return { truth, predictions };
}

describe('evaluateLabels', () => {
  test('weighted sensitivity and micro F1 equal accuracy, intervals included', () => {
    const labels = fc.constantFrom(...TASK_LABELS.body_part!);
    fc.assert(
      fc.property(fc.array(fc.tuple(labels, labels), { minLength: 1, maxLength: 60 }), (pairs) => {
        const { measures } = evaluate({
          truth: toTable(pairs.map(([truth], i) => ({ series_unit: key(i), body_part: truth }))),
          predictions: toTable(pairs.map(([, label], i) => ({ series_unit: key(i), body_part: label }))),
        }).tasks.body_part!;
        for (const name of ['weighted_sensitivity', 'micro_f1']) {
          for (const end of ['value', 'low', 'high'] as const) {
            expect(measures[name]![end]!).toBeCloseTo(measures.accuracy![end]!, 12);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  test('tells the two multi-class measures apart, and counts wrong labels', () => {
    const wrong = (i: number): string[] =>
      i < 10
        ? ['body_part']
        : i < 14
          ? ['axis', 'contrast']
          : i === 14
            ? ['body_part', 'axis', 'contrast']
            : [];
    const { truth, predictions } = makeSeries(100, wrong);
    // A series without a contrast label takes no part in the joint measures.
    truth[99]!.contrast = '';
    const { joint, tasks } = evaluate({ truth: toTable(truth), predictions: toTable(predictions) });
    expect(joint!.series).toBe(99);
    expect(joint!.wrong_labels).toEqual([84, 10, 4, 1]);
    expect(joint!.measures.joint_exact_match!.value).toBeCloseTo(84 / 99, 12);
    expect(joint!.measures.mean_label_accuracy!.value).toBeCloseTo(1 - (10 + 8 + 3) / 297, 12);
    expect(joint!.measures.wrong_2!.value).toBeCloseTo(4 / 99, 12);
    expect(tasks.contrast!.join.truth_unlabelled).toEqual({ count: 1, series_units: [key(99)] });
  });

  test('a missing prediction is not hidden: counted, and counted as wrong beside', () => {
    const { truth, predictions } = makeSeries(50, (i) => (i < 5 ? ['axis'] : []));
    const { axis } = evaluate({
      truth: toTable(truth),
      predictions: toTable(predictions.slice(0, 40)),
    }).tasks;
    expect(axis!.series).toBe(40);
    expect(axis!.join.only_in_truth.count).toBe(10);
    expect(axis!.measures.accuracy!.value).toBeCloseTo(35 / 40, 12);
    expect(axis!.accuracy_missing_as_wrong).toBeCloseTo(35 / 50, 12);
  });

  test('the order of rows and of columns changes nothing', () => {
    const { truth, predictions } = makeSeries(
      60,
      (i) => (i % 7 === 0 ? ['body_part'] : []),
      (i) => ({
        dataset: `d${i % 3}`,
        patient: `ZZTEST-${i % 20}`,
      }),
    );
    const options = { subgroups: [{ column: 'dataset' }], cluster: 'patient' } as const;
    const forth = evaluate({ truth: toTable(truth), predictions: toTable(predictions) }, options);
    const back = evaluate(
      { truth: toTable([...truth].reverse()), predictions: toTable([...predictions].reverse()) },
      options,
    );
    expect(back).toEqual(forth);
  });

  test('clusters that err together widen the interval', () => {
    // 40 patients of 10 series; every series of a patient is right, or every one wrong.
    const { truth, predictions } = makeSeries(
      400,
      (i) => (Math.floor(i / 10) % 4 === 0 ? ['axis'] : []),
      (i) => ({ study: `study-${Math.floor(i / 5)}`, patient_id: `ZZTEST-${Math.floor(i / 10)}` }),
    );
    const input = { truth: toTable(truth), predictions: toTable(predictions) };
    const width = (cluster: 'series' | 'study' | 'patient'): number => {
      const { accuracy } = evaluate(input, { rounds: 1000, cluster }).tasks.axis!.measures;
      return accuracy!.high! - accuracy!.low!;
    };
    expect(evaluate(input, { cluster: 'patient' }).tasks.axis!.clusters).toBe(40);
    expect(width('study') / width('series')).toBeGreaterThan(1.8);
    expect(width('patient') / width('series')).toBeGreaterThan(2.6);
    expect(evaluate(input).notices.join()).toContain('--cluster patient');
    expect(() =>
      evaluate({ truth: input.predictions, predictions: input.predictions }, { cluster: 'study' }),
    ).toThrow(/"study" or "study_instance_uid"/);
  });

  test('subgroup rows add up to the pooled row, which is the main table', () => {
    const { truth, predictions } = makeSeries(
      90,
      (i) => (i % 9 === 0 ? ['body_part', 'contrast'] : []),
      (i) => ({ dataset: i < 60 ? 'large' : i < 85 ? 'small' : null, slice_spacing_mm: 0.5 + (i % 20) / 4 }),
    );
    const evaluation = evaluate(
      { truth: toTable(truth), predictions: toTable(predictions) },
      { subgroups: ['dataset', 'slice_spacing_mm:1,2.5', 'slice_spacing_mm'].map(parseSubgroupRequest) },
    );
    const [byDataset, byEdges, byQuartiles] = evaluation.subgroups;
    expect(byDataset!.groups.map(({ name, series }) => [name, series])).toEqual([
      ['large', 60],
      ['small', 25],
      ['(no value)', 5],
    ]);
    expect(byEdges!.groups.map(({ name }) => name)).toEqual(['≤ 1', '1 – 2.5', '> 2.5']);
    expect(byQuartiles!.groups).toHaveLength(4);
    expect(byQuartiles!.note).toContain('quartiles');
    for (const table of evaluation.subgroups) {
      expect(table.groups.reduce((sum, group) => sum + group.series, 0)).toBe(90);
      const right = table.groups.map(
        (group) => group.series * group.tasks.body_part!.measures.accuracy!.value!,
      );
      expect(right.reduce((sum, count) => sum + count, 0)).toBeCloseTo(80, 9);
      expect(table.pooled.tasks.body_part!.measures.accuracy).toEqual(
        evaluation.tasks.body_part!.measures.accuracy,
      );
      expect(table.pooled.joint!.joint_exact_match).toEqual(evaluation.joint!.measures.joint_exact_match);
    }
    const large = byDataset!.groups[0]!;
    const alone = evaluate({ truth: toTable(truth.slice(0, 60)), predictions: toTable(predictions) });
    expect(large.tasks.body_part!.measures.macro_f1!.value).toBe(
      alone.tasks.body_part!.measures.macro_f1!.value,
    );
  });

  test('what was sent to review is always shown apart', () => {
    const { truth, predictions } = makeSeries(30, (i) => (i < 3 ? ['axis'] : []));
    const reviewed = predictions.map((row, i) => ({ ...row, needs_review: i < 6 }));
    const { subgroups } = evaluate({ truth: toTable(truth), predictions: toTable(reviewed) });
    expect(
      subgroups[0]!.groups.map(({ name, tasks }) => [name, tasks.axis!.measures.accuracy!.value]),
    ).toEqual([
      ['false', 1],
      ['true', 0.5],
    ]);
  });

  test('the header alone stands beside the pixels', () => {
    const { truth, predictions } = makeSeries(40, (i) => (i < 4 ? ['axis'] : []));
    const withHeader = predictions.map((row, i) => ({
      ...row,
      axis_header: i < 20 ? null : i < 30 ? truth[i]!.axis : i === 30 ? 'OBLIQUE' : 'axial',
    }));
    const { header_baseline: baseline } = evaluate({
      truth: toTable(truth),
      predictions: toTable(withHeader),
    });
    const { axis } = baseline!;
    const axialTruths = [31, 32, 33, 34, 35, 36, 37, 38, 39].filter((i) => truth[i]!.axis === 'axial').length;
    expect(axis).toMatchObject({ series: 40, stated: 19, unreadable: 1 });
    expect(axis!.measures.header_accuracy!.value).toBeCloseTo((10 + axialTruths) / 40, 12);
    expect(axis!.measures.header_accuracy_where_stated!.value).toBeCloseTo((10 + axialTruths) / 19, 12);
    expect(axis!.measures.pixel_accuracy!.value).toBe(0.9);
    expect(axis!.measures.pixel_accuracy_where_stated!.value).toBe(1);
    expect(axis!.mcnemar).toMatchObject({ only_first_right: 9 - axialTruths, only_second_right: 0 });
    expect(baseline!.contrast).toBeUndefined();
  });

  test('compares two predictions on the series that both have', () => {
    const { truth, predictions } = makeSeries(100, (i) => (i < 4 ? ['body_part'] : []));
    const worse = makeSeries(100, (i) => (i < 16 || i === 50 ? ['body_part'] : i < 20 ? ['axis'] : []));
    const evaluation = evaluate(
      {
        truth: toTable(truth),
        predictions: toTable(predictions),
        compare: toTable(worse.predictions.slice(0, 90)),
      },
      { rounds: 500 },
    );
    const { body_part: part } = evaluation.comparison!.tasks;
    expect(part).toMatchObject({ series: 90, only_first: 10, only_second: 0 });
    const { difference, first, second } = part!.measures.accuracy!;
    expect(first).toBeCloseTo(86 / 90, 12);
    expect(second).toBeCloseTo(73 / 90, 12);
    expect(difference.value).toBeCloseTo(13 / 90, 12);
    expect(difference.low).toBeGreaterThan(0.05);
    expect(difference.high).toBeLessThan(0.25);
    expect(part!.mcnemar).toMatchObject({ only_first_right: 13, only_second_right: 0, both_wrong: 4 });
    expect(part!.mcnemar.p_value).toBeCloseTo(2 ** -12, 12);
    expect(evaluation.comparison!.joint!.mcnemar.only_first_right).toBe(17);
    // Against itself nothing differs, in no resample.
    const same = evaluate({
      truth: toTable(truth),
      predictions: toTable(predictions),
      compare: toTable(predictions),
    });
    expect(same.comparison!.tasks.body_part!.measures.macro_f1!.difference).toEqual({
      value: 0,
      low: 0,
      high: 0,
    });
    expect(same.comparison!.tasks.body_part!.mcnemar.p_value).toBe(1);
  });

  test('a task outside the vocabulary is evaluated with the labels that occur', () => {
    const rows = (labels: string[]): Row[] =>
      labels.map((label, i) => ({ series_unit: key(i), task: 'Kernel', label }));
    const { tasks } = evaluate({
      truth: toTable(rows(['Soft tissue', 'Bone', 'Lung', 'Bone'])),
      predictions: toTable(rows(['soft-tissue', 'bone', 'bone', 'bone'])),
    });
    expect(tasks.kernel!.labels).toEqual(['bone', 'lung', 'soft-tissue']);
    expect(tasks.kernel!.confusion).toEqual([
      [2, 0, 0],
      [1, 0, 0],
      [0, 0, 1],
    ]);
  });

  test('nothing in common is an error that says where to look', () => {
    const { truth, predictions } = makeSeries(3, () => []);
    const moved = predictions.map((row) => ({ ...row, series_unit: `other-${String(row.series_unit)}` }));
    expect(() => evaluate({ truth: toTable(truth), predictions: toTable(moved) })).toThrow(/same run/);
    expect(() =>
      evaluate({
        truth: toTable([{ series_unit: 'a', axis: 'axial' }]),
        predictions: toTable([{ series_unit: 'a', contrast: 'no' }]),
      }),
    ).toThrow(/no task in common/);
    expect(() =>
      evaluate(
        { truth: toTable(truth), predictions: toTable(predictions) },
        { subgroups: [{ column: 'vendor' }] },
      ),
    ).toThrow(/vendor/);
    expect(() => parseSubgroupRequest('thickness:2,1')).toThrow(/ascending/);
  });
});
