import { expect, it } from 'vitest';
import { CERTAINTY, TASK_CODES } from '../../cohorts/label-codes.ts';
import { LABELS, TASKS } from '../../models/labels.ts';
import { describeWithOracle, runOracle } from '../oracles/python.ts';

const tasks = TASKS.map((task) => TASK_CODES[task]);

it('has codes for each label of the vocabulary, by which it can be told from the others', () => {
  for (const task of TASKS) {
    const { labels } = TASK_CODES[task];
    expect(Object.keys(labels)).toEqual([...LABELS[task]]);
    const told = Object.values(labels).map((codes) =>
      codes
        .map(({ value }) => value)
        .sort()
        .join(),
    );
    expect(new Set(told).size).toBe(told.length);
  }
});

it('keeps to 16 characters a code value', () => {
  const names = tasks.map(({ name }) => name);
  for (const { value, scheme } of names)
    expect(Math.max(value.length, scheme.length)).toBeLessThanOrEqual(16);
});

describeWithOracle("pydicom's tables of PS3.16", () => {
  it('know every code that is not our own, by the same meaning', () => {
    const concepts = [
      CERTAINTY,
      ...tasks.flatMap(({ name, labels }) => [name, ...Object.values(labels).flat()]),
    ];
    const standard = concepts.filter(({ scheme }) => !scheme.startsWith('99'));
    expect(standard.length).toBeGreaterThan(20);
    const codes = standard.map(({ value, scheme, meaning }) => [value, scheme, meaning]);
    expect(runOracle('standard_codes.py', [], JSON.stringify(codes))).toEqual([]);
  });
});
