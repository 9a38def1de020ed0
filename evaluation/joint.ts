import type { StatisticPlan } from './bootstrap.ts';
import { markRight, type TaskProblem } from './task-statistics.ts';

/** Series units that have every task, with the number of wrong labels of each. */
export interface JointProblem {
  readonly tasks: readonly string[];
  readonly keys: readonly string[];
  readonly wrong: Uint8Array;
}

/** Joins the tasks on the series units that all of them have. Null with fewer than two tasks. */
export function joinTasks(problems: readonly TaskProblem[]): JointProblem | null {
  if (problems.length < 2) return null;
  const wrong = new Map<string, { seen: number; wrong: number }>();
  for (const problem of problems) {
    const right = markRight(problem);
    problem.keys.forEach((key, row) => {
      const entry = wrong.get(key) ?? { seen: 0, wrong: 0 };
      entry.seen++;
      if (right[row] === 0) entry.wrong++;
      wrong.set(key, entry);
    });
  }
  const complete = [...wrong]
    .filter(([, entry]) => entry.seen === problems.length)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    tasks: problems.map((problem) => problem.task),
    keys: complete.map(([key]) => key),
    wrong: Uint8Array.from(complete, ([, entry]) => entry.wrong),
  };
}

/**
 * The two measures that the paper's prose calls "multi-class accuracy", apart: `joint_exact_match` (every label
 * right) and `mean_label_accuracy` (share of labels right), and `wrong_0` … `wrong_N`, the shares of series with as
 * many wrong labels.
 */
export function planJointStatistics(problem: JointProblem): StatisticPlan {
  const taskCount = problem.tasks.length;
  const { wrong } = problem;
  const histogram = new Float64Array(taskCount + 1);
  return {
    names: [
      'joint_exact_match',
      'mean_label_accuracy',
      ...Array.from(histogram, (_, count) => `wrong_${count}`),
    ],
    rowCount: wrong.length,
    compute(weights, out) {
      histogram.fill(0);
      let total = 0;
      for (let row = 0; row < wrong.length; row++) {
        const weight = weights[row]!;
        histogram[wrong[row]!]! += weight;
        total += weight;
      }
      let wrongLabels = 0;
      for (let count = 0; count <= taskCount; count++) {
        out[2 + count] = histogram[count]! / total;
        wrongLabels += count * histogram[count]!;
      }
      out[0] = histogram[0]! / total;
      out[1] = 1 - wrongLabels / (taskCount * total);
    },
  };
}
