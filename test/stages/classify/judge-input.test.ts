import { describe, expect, test } from 'vitest';
import type { InputGate } from '../../../models/gate.ts';
import { STATISTIC_NAMES, spreadOut } from '../../../stages/classify/input-statistics.ts';
import { judgeInput } from '../../../stages/classify/judge-input.ts';

const USUAL = STATISTIC_NAMES.map(() => 0.5);
const gate: InputGate = {
  schema_version: 1,
  statistics: [...STATISTIC_NAMES],
  scale: STATISTIC_NAMES.map(() => 0.1),
  prototypes: [USUAL, USUAL.map(() => 0.52), USUAL.map(() => 0.9)].map((row) =>
    spreadOut(row).map((v) => v * 1e4),
  ),
  neighbours: 2,
  distance: 0.5,
  least_spread: 0.02,
  least_likeness: 0.7,
  most_empty_air: 0.97,
};
const judge = (
  change: Record<string, number> = {},
  voxels: { emptyAir?: number; neighbourLikeness?: number } = {},
) =>
  judgeInput(
    {
      values: STATISTIC_NAMES.map((name, k) => change[name] ?? USUAL[k]!),
      emptyAir: 0.5,
      neighbourLikeness: 0.99,
      ...voxels,
    },
    gate,
  );

describe('judgeInput', () => {
  test('lets a series pass that is like the nearest prototypes, however far the others are', () => {
    expect(judge()).toEqual([]);
    expect(judge({ bone: 0.55, border: 0.45 })).toEqual([]);
  });

  test('names what is unusual', () => {
    expect(judge({ bone: 1, fat: 0 })).toEqual(['input-unusual-tissue']);
    expect(judge({ even: 1, step_row: 0.1 })).toEqual(['input-unusual-texture']);
    expect(judge({ border: 1, bone_radius: 0.1 })).toEqual(['input-unusual-shape']);
  });

  test('names volumes without content, noise and removed air', () => {
    expect(judge({ spread: 0.01 })).toEqual(['input-constant']);
    expect(judge({}, { neighbourLikeness: 0.1 })).toEqual(['input-noise']);
    expect(judge({}, { emptyAir: 1 })).toEqual(['input-masked']);
    // A small field of view within the body has no air that could tell.
    expect(judge({ air: 0.001 }, { emptyAir: 1 })).not.toContain('input-masked');
  });
});
