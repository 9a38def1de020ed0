import { describe, expect, test } from 'vitest';
import { EvaluationError } from '../../evaluation/errors.ts';
import { joinTask } from '../../evaluation/join.ts';
import { type LabelTable, parseLabelTable, type TableOptions } from '../../evaluation/tables.ts';

type Cells = Record<string, unknown[]>;

function parse(cells: Cells, options: Partial<TableOptions> = {}): LabelTable {
  return parseLabelTable(new Map(Object.entries(cells)), { name: 'predictions', ...options });
}

function codeOf(work: () => unknown): { code: string; message: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof EvaluationError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('tables', () => {
  test('long and wide form say the same', () => {
    const long = parse({
      series_unit: ['a', 'a', 'b'],
      task: ['body_part', 'axis', 'Body part'],
      label: ['C and T spine', 'Ax', ''],
    });
    const wide = parse({
      series_unit: ['a', 'b'],
      body_part: ['c-and-t-spine', null],
      axis: ['axial', null],
    });
    expect(long.form).toBe('long');
    expect(wide.form).toBe('wide');
    expect(wide.tasks.get('body_part')).toEqual(long.tasks.get('body_part'));
    expect(long.tasks.get('axis')!.get('a')!.label).toBe('axial');
    expect(long.tasks.get('body_part')!.get('b')!.label).toBeNull();
  });

  test('scores come from columns by label, in either form', () => {
    const scores = { 'score:Axial': [0.7, null], 'score:COR': ['0.2', ''], 'score:sagittal': [0.1, null] };
    for (const table of [
      parse({ series_unit: ['a', 'b'], task: ['axis', 'contrast'], label: ['axial', 'no'], ...scores }),
      parse({ series_unit: ['a', 'b'], axis: ['axial', null], ...scores }),
    ]) {
      const { scores: read } = table.tasks.get('axis')!.get('a')!;
      expect([...read!]).toEqual([
        ['axial', 0.7],
        ['coronal', 0.2],
        ['sagittal', 0.1],
      ]);
      expect(table.positionalScores.size).toBe(0);
    }
  });

  test.each([
    ['a list', [0.1, 0.9]],
    ['JSON text', '[0.1, 0.9]'],
    ['words', '0.1 0.9'],
    ['semicolons', '0.1;0.9'],
  ])('a scores cell may be %s', (_, cell) => {
    const table = parse({ series_unit: ['a'], task: ['contrast'], label: ['yes'], scores: [cell] });
    expect([...table.tasks.get('contrast')!.get('a')!.scores!]).toEqual([
      ['no', 0.1],
      ['yes', 0.9],
    ]);
    expect(table.positionalScores.has('contrast')).toBe(true);
  });

  test('a list of another length is left out and said so; an own order mends it', () => {
    const cells = { series_unit: ['a'], task: ['axis'], label: ['axial'], scores: [[0.4, 0.6]] };
    const table = parse(cells);
    expect(table.tasks.get('axis')!.get('a')!.scores).toBeNull();
    expect(table.notices.join()).toContain('--score-order');
    const ordered = parse(cells, { scoreOrder: { axis: ['coronal', 'axial'] } });
    expect(ordered.tasks.get('axis')!.get('a')!.scores!.get('axial')).toBe(0.6);
  });

  test('other columns become attributes, the first value of a series unit counts', () => {
    const table = parse({
      series_unit: ['a', 'a', 'b'],
      task: ['axis', 'contrast', 'axis'],
      label: ['axial', 'no', 'coronal'],
      dataset: [null, 'north', 'south'],
    });
    expect([...table.attributes.keys()]).toEqual(['dataset']);
    expect([...table.attributes.get('dataset')!]).toEqual([
      ['a', 'north'],
      ['b', 'south'],
    ]);
  });

  test('mistakes name the column and the cure', () => {
    const noKey = codeOf(() => parse({ SeriesUnit: ['a'], axis: ['axial'] }));
    expect(noKey.code).toBe('missing-column');
    expect(noKey.message).toContain('"SeriesUnit"');
    expect(noKey.message).toContain('Rename');
    expect(codeOf(() => parse({ series_unit: ['a'], task: ['axis'] })).message).toContain('"label"');
    expect(codeOf(() => parse({ series_unit: ['a'], label: ['axial'] })).message).toContain('"task"');
    expect(codeOf(() => parse({ series_unit: ['a', ''], axis: ['axial', 'axial'] })).message).toContain(
      'row 2',
    );
    const unknown = codeOf(() => parse({ series_unit: ['a'], body_part: ['knee'] }));
    expect(unknown.code).toBe('unknown-label');
    expect(unknown.message).toContain('"knee"');
    expect(unknown.message).toContain('--aliases');
    const twice = codeOf(() => parse({ series_unit: ['a', 'a'], axis: ['axial', 'coronal'] }));
    expect(twice.code).toBe('duplicate-series');
    expect(twice.message).toContain('"a"');
  });
});

describe('the join', () => {
  test('accounts for every series unit, and lists at most 20', () => {
    const extra = Array.from({ length: 30 }, (_, i) => `extra-${String(i).padStart(2, '0')}`);
    const truth = parse({
      series_unit: ['d', 'b', 'a', 'c'],
      axis: ['axial', 'axial', 'coronal', null],
    });
    const predictions = parse({
      series_unit: ['c', 'a', 'b', ...extra],
      axis: ['axial', 'coronal', null, ...extra.map(() => 'axial')],
    });
    const { problem, report } = joinTask('axis', truth, predictions);
    expect(problem.keys).toEqual(['a']);
    expect(report).toEqual({
      matched: 1,
      only_in_truth: { count: 1, series_units: ['d'] },
      only_in_predictions: { count: 30, series_units: extra.slice(0, 20) },
      truth_unlabelled: { count: 1, series_units: ['c'] },
      prediction_unlabelled: { count: 1, series_units: ['b'] },
    });
  });

  test('the order of the files changes nothing', () => {
    const rows = [
      ['a', 'axial', '0.6 0.3 0.1'],
      ['b', 'coronal', '0.2 0.7 0.1'],
      ['c', 'axial', '0.5 0.1 0.4'],
    ];
    const tableOf = (order: string[][]): LabelTable =>
      parse({
        series_unit: order.map(([key]) => key),
        task: order.map(() => 'axis'),
        label: order.map(([, label]) => label),
        scores: order.map(([, , scores]) => scores),
      });
    const forth = joinTask('axis', tableOf(rows), tableOf(rows));
    const back = joinTask('axis', tableOf([...rows].reverse()), tableOf([...rows].reverse()));
    expect(back).toEqual(forth);
    expect(forth.problem.confidence).toEqual(Float64Array.of(0.6, 0.7, 0.5));
  });

  test('scores in a foreign order are not believed', () => {
    const cells = {
      series_unit: ['a', 'b'],
      task: ['axis', 'axis'],
      label: ['axial', 'coronal'],
      scores: ['0.1 0.2 0.7', '0.7 0.1 0.2'],
    };
    const table = parse(cells);
    const { problem, omitted } = joinTask('axis', table, table);
    expect(problem.scores).toBeNull();
    expect(omitted[0]!.reason).toContain('2 of 2 series');
    const named = parse({
      ...cells,
      scores: [null, null],
      'score:axial': [0.3, 0.3],
      'score:coronal': [0.5, 0.2],
      'score:sagittal': [0.2, 0.5],
    });
    const byName = joinTask('axis', named, named);
    expect(byName.problem.scores).not.toBeNull();
    expect(byName.notices[0]).toContain('2 series the predicted label is not the highest score');
  });

  test('without scores, or with some missing, what needs them is left out and said so', () => {
    const wide = parse({ series_unit: ['a'], axis: ['axial'] });
    const none = joinTask('axis', wide, wide);
    expect(none.omitted.map(({ statistics }) => statistics).join()).toContain('AUC');
    expect(none.omitted.map(({ statistics }) => statistics).join()).toContain('calibration');
    const partial = parse({
      series_unit: ['a', 'b'],
      task: ['contrast', 'contrast'],
      label: ['no', 'yes'],
      'score:no': [0.9, null],
      'score:yes': [0.1, null],
    });
    expect(joinTask('contrast', partial, partial).omitted[0]!.reason).toContain('1 of 2 series');
  });

  test('a second label gives top-2, a score of the label gives calibration', () => {
    const table = parse({
      series_unit: ['a', 'b'],
      task: ['axis', 'axis'],
      label: ['axial', 'coronal'],
      score: [0.9, '0.6'],
      second_label: ['coronal', 'axial'],
    });
    const { problem, omitted } = joinTask('axis', table, table);
    expect(problem.second).toEqual(Int32Array.of(1, 0));
    expect(problem.confidence).toEqual(Float64Array.of(0.9, 0.6));
    expect(omitted).toHaveLength(1);
  });

  test('scores that are no probabilities give AUC but no calibration', () => {
    const table = parse({ series_unit: ['a'], contrast: ['yes'], 'score:no': [-3], 'score:yes': [4.5] });
    const { problem, omitted } = joinTask('contrast', table, table);
    expect(problem.scores).not.toBeNull();
    expect(problem.confidence).toBeNull();
    expect(omitted[0]!.reason).toContain('no probabilities');
  });
});
