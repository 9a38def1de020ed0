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

/** Where a hyphen alone would not read well. */
const NAMES: Readonly<Record<string, string>> = {
  'head-and-face': 'Head and face',
  'face-orbits-sinus': 'Face, orbits, sinus',
  'temporal-bone': 'Temporal bone',
  'head-and-neck': 'Head and neck',
  'c-and-t-spine': 'C and T spine',
  't-and-l-spine': 'T and L spine',
  yes: 'With contrast',
  no: 'No contrast',
};

/** A label in words: `no` and `yes` say nothing without their task. */
export const showLabel = (label: string): string =>
  NAMES[label] ?? `${label.charAt(0).toUpperCase()}${label.slice(1)}`;

export const percent = (share: number, digits = 0): string => `${(100 * share).toFixed(digits)} %`;
export const count = (n: number): string => n.toLocaleString('en-US');

/** Words for what goes on after a reason of the closed vocabulary. */
export const showReason = (reason: string): string =>
  reason.replaceAll('body_part', 'body part').replaceAll('-', ' ');
