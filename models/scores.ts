/** From a network's logits to labels and calibrated probabilities. Pure arithmetic, the same on every machine. */
import type { Task } from './labels.ts';

/** What a network says of one series unit for one task. */
export interface TaskPrediction {
  task: Task;
  label: string;
  /** Calibrated probability of `label`. */
  score: number;
  secondLabel: string;
  secondScore: number;
  /** Calibrated probabilities in the bundle's label order, float32. */
  scores: number[];
  /** Logits as used, rounded to 1e-4, in the same order. */
  logits: number[];
}

/**
 * Softmax of logits over temperature, in float64, rounded to float32.
 *
 * Logits are rounded to 1e-4 first: the last bits of a network's output differ between processors, providers and
 * versions of the runtime, and tables should not. (A logit within such a difference of a rounding boundary can still
 * fall on either side: it moves a probability by at most 2.5e-5, and no label, unless two are as good as equal.)
 * Equal scores are ordered as the bundle orders its labels.
 */
export function scoreTask(
  task: Task,
  labels: readonly string[],
  rawLogits: ArrayLike<number>,
  temperature: number,
): TaskPrediction {
  const logits = Array.from(rawLogits, (logit) => Math.round(logit * 1e4) / 1e4 + 0);
  const scaled = logits.map((logit) => logit / temperature);
  const highest = Math.max(...scaled);
  const exponentials = scaled.map((logit) => Math.exp(logit - highest));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  const scores = exponentials.map((value) => Math.fround(value / sum));
  // By logit: probabilities of float32 can be equal where logits are not.
  const order = logits.map((_, index) => index).sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b);
  const [first = 0, second = 0] = order;
  return {
    task,
    label: labels[first] ?? '',
    score: scores[first] ?? 0,
    secondLabel: labels[second] ?? '',
    secondScore: scores[second] ?? 0,
    scores,
    logits,
  };
}
