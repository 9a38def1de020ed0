import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Evaluation, evaluateLabels } from '../../evaluation/evaluate.ts';
import { createLabelReader } from '../../evaluation/labels.ts';
import { parseLabelTable } from '../../evaluation/tables.ts';
import { repositoryRoot, sharedDataDir } from '../fixtures/shared-data.ts';

type Printed = Record<string, number[]>;
interface PaperTables {
  tasks: Record<string, Printed>;
  classes: Record<string, Record<string, Printed>>;
}
type Confusions = Record<string, { labels: string[]; matrix: number[][] }>;

const paper = JSON.parse(
  fs.readFileSync(path.join(repositoryRoot, 'test/fixtures/paper-table-3.json'), 'utf8'),
) as PaperTables;
const shared = sharedDataDir();
const confusionFile = shared === null ? null : path.join(shared, 'paper_test_confusion.json');
const describeWithMatrices =
  confusionFile !== null && fs.existsSync(confusionFile) ? describe : describe.skip;

/** Every series of the paper's test set as rows in long form, with the paper's own spellings. */
function expandMatrices(confusions: Confusions): { truth: unknown[][]; predictions: unknown[][] } {
  const truth: unknown[][] = [];
  const predictions: unknown[][] = [];
  for (const task of ['body_part', 'axis', 'contrast']) {
    const { labels, matrix } = confusions[task]!;
    let series = 0;
    matrix.forEach((row, t) => {
      row.forEach((count, p) => {
        for (let i = 0; i < count; i++) {
          const key = `series-${String(series++).padStart(4, '0')}`;
          truth.push([key, task, labels[t]]);
          predictions.push([key, task, labels[p]]);
        }
      });
    });
  }
  return { truth, predictions };
}

function toTable(rows: unknown[][], name: string): ReturnType<typeof parseLabelTable> {
  const column = (index: number): unknown[] => rows.map((row) => row[index]);
  const columns = new Map([
    ['series_unit', column(0)],
    ['task', column(1)],
    ['label', column(2)],
  ]);
  return parseLabelTable(columns, { name });
}

/** A share in percent to one decimal as a paper prints it; half-way cases round to even or up in different tools. */
function printsAs(share: number, printed: number): boolean {
  return Math.abs(share * 100 - printed) <= 0.05 + 1e-9;
}

describeWithMatrices("the paper's test set (shared paper_test_confusion.json)", () => {
  let confusions: Confusions;
  let evaluation: Evaluation;
  beforeAll(() => {
    confusions = JSON.parse(fs.readFileSync(confusionFile!, 'utf8')) as Confusions;
    const tables = expandMatrices(confusions);
    evaluation = evaluateLabels(
      { truth: toTable(tables.truth, 'truth'), predictions: toTable(tables.predictions, 'predictions') },
      { rounds: 1000, seed: 1, cluster: 'series', subgroups: [] },
    );
  });

  test('holds the confusion matrices as given', () => {
    for (const [task, { labels, matrix }] of Object.entries(confusions)) {
      if (!Array.isArray(labels)) continue;
      const read = createLabelReader(task);
      expect(evaluation.tasks[task]!.labels).toEqual(
        labels.map((label) => (read(label) as { label: string }).label),
      );
      expect(evaluation.tasks[task]!.confusion).toEqual(matrix);
    }
  });

  test('gives all 147 per-class values but AUC to the printed decimal', () => {
    let compared = 0;
    const wrong: string[] = [];
    for (const [task, classes] of Object.entries(paper.classes)) {
      const read = createLabelReader(task);
      for (const [spelling, printed] of Object.entries(classes)) {
        const { label } = read(spelling) as { label: string };
        const { measures } = evaluation.tasks[task]!.classes[label]!;
        for (const [measure, [value]] of Object.entries(printed)) {
          if (measure === 'auc') continue;
          compared++;
          if (!printsAs(measures[measure]!.value!, value!)) {
            wrong.push(`${task} ${label} ${measure}: ${measures[measure]!.value! * 100} printed ${value}`);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(compared).toBe(147);
  });

  test('gives the three accuracies, sensitivities and F1 scores, with intervals within 0.3 points', () => {
    for (const [task, measures] of Object.entries(paper.tasks)) {
      for (const [measure, [value, low, high]] of Object.entries(measures)) {
        const estimate = evaluation.tasks[task]!.measures[measure]!;
        expect(printsAs(estimate.value!, value!), `${task} ${measure} ${estimate.value}`).toBe(true);
        if (low === undefined || high === undefined) continue;
        expect(Math.abs(estimate.low! * 100 - low)).toBeLessThanOrEqual(0.3);
        expect(Math.abs(estimate.high! * 100 - high)).toBeLessThanOrEqual(0.3);
      }
    }
  });

  test('gives per-class intervals like the paper, to the step that one series makes', () => {
    const wrong: string[] = [];
    for (const [task, classes] of Object.entries(paper.classes)) {
      const read = createLabelReader(task);
      for (const [spelling, printed] of Object.entries(classes)) {
        const { label } = read(spelling) as { label: string };
        const { measures, support, predicted } = evaluation.tasks[task]!.classes[label]!;
        for (const [measure, [, low, high]] of Object.entries(printed)) {
          if (measure === 'auc' || low === undefined || high === undefined) continue;
          const base = measure === 'sensitivity' ? support : measure === 'ppv' ? predicted : 755;
          // Two bootstraps with other seeds differ by about one series in the rarer classes.
          const slack = Math.max(0.3, 140 / base);
          const { low: ownLow, high: ownHigh } = measures[measure]!;
          if (Math.abs(ownLow! * 100 - low) > slack || Math.abs(ownHigh! * 100 - high) > slack) {
            wrong.push(
              `${task} ${label} ${measure}: ${ownLow! * 100} ${ownHigh! * 100} printed ${low} ${high}`,
            );
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test('sees only near misses in the body-part errors', () => {
    const anatomy = evaluation.tasks.body_part!.anatomy!;
    expect(anatomy.relations.exact).toBe(725);
    expect(anatomy.relations.distant).toBe(0);
    expect(anatomy.confusions[0]).toEqual({
      truth: 'abdomen',
      predicted: 'abdomen-pelvis',
      series: 6,
      relation: 'too-wide',
    });
  });
});
