/** Labels in words. */
import type { Task } from '../contracts.ts';

export const TASKS: readonly Task[] = ['body_part', 'axis', 'contrast'];
export const TASK_NAMES: Readonly<Record<Task, string>> = {
  body_part: 'Body part',
  axis: 'Axis',
  contrast: 'Contrast',
};
/** The key that opens the palette of a task. */
export const TASK_KEYS: Readonly<Record<Task, string>> = { body_part: 'b', axis: 'v', contrast: 'c' };

/** `no` and `yes` say nothing without their task. */
export function showLabel(task: Task, label: string): string {
  if (task === 'contrast') return label === 'yes' ? 'with contrast' : 'no contrast';
  return label.replaceAll('-', ' ');
}

export const percent = (share: number, digits = 0): string => `${(100 * share).toFixed(digits)} %`;
export const count = (n: number): string => n.toLocaleString('en-US');

/** Words for what goes on after a reason of the closed vocabulary. */
export const showReason = (reason: string): string =>
  reason.replaceAll('body_part', 'body part').replaceAll('-', ' ');
