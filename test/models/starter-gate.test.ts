import { beforeAll, describe, expect, test } from 'vitest';
import { type Bundle, loadBundle, resolveBundle } from '../../models/bundle.ts';
import { describeInput } from '../../stages/classify/input-statistics.ts';
import { judgeInput } from '../../stages/classify/judge-input.ts';

const SHAPE = [128, 224, 224] as const;
const grey = (hu: number) => ((hu + 1000) * 255) / 1400;

/** A tensor from HU at places from −1 to 1, with noise of ±`noiseHu`, seeded. */
function makeTensor(huAt: (z: number, y: number, x: number) => number, noiseHu = 20): Uint8Array {
  const tensor = new Uint8Array(SHAPE[0] * SHAPE[1] * SHAPE[2]);
  let state = 11;
  for (let z = 0, at = 0; z < SHAPE[0]; z++) {
    for (let y = 0; y < SHAPE[1]; y++) {
      for (let x = 0; x < SHAPE[2]; x++, at++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        const noise = (state / 2 ** 31 - 1) * noiseHu;
        const hu = huAt((2 * z) / SHAPE[0] - 1, (2 * y) / SHAPE[1] - 1, (2 * x) / SHAPE[2] - 1);
        tensor[at] = Math.round(Math.min(255, Math.max(0, grey(hu + noise))));
      }
    }
  }
  return tensor;
}

/** A limb across: skin and fat, muscle, a shaft with marrow. */
function limb(y: number, x: number, radius: number): number {
  const r = Math.hypot(x, y) / radius;
  if (r > 1) return -1000;
  if (r > 0.82) return -105;
  if (r > 0.3) return 55;
  return r > 0.19 ? 1100 : -60;
}

/** Short form of models/training/calibrate_gate.py, whose figures are in the card. */
describe("the shipped bundle's gate", () => {
  let starter: Bundle;
  beforeAll(async () => {
    starter = await loadBundle(await resolveBundle('starter'));
  });
  const judge = (tensor: Uint8Array) => judgeInput(describeInput(tensor, SHAPE), starter.gate!);

  test.each<[string, string, () => Uint8Array]>([
    ['nothing', 'input-constant', () => makeTensor(() => -1000, 0)],
    ['one value', 'input-constant', () => makeTensor(() => 40, 0)],
    ['white noise', 'input-noise', () => makeTensor(() => -300, 700)],
    ['a water phantom', 'input-', () => makeTensor((_z, y, x) => (Math.hypot(x, y) < 0.8 ? 0 : -1000))],
    [
      'a phantom with rods',
      'input-',
      () =>
        makeTensor((_z, y, x) => {
          if (Math.hypot(x, y) > 0.85) return -1000;
          const sector = Math.round((Math.atan2(y, x) / Math.PI) * 4);
          const [cx, cy] = [0.55 * Math.cos((sector * Math.PI) / 4), 0.55 * Math.sin((sector * Math.PI) / 4)];
          return Math.hypot(x - cx, y - cy) < 0.1 ? 340 : 90;
        }),
    ],
    ['a thigh', 'input-', () => makeTensor((_z, y, x) => limb(y, x, 0.8))],
    [
      'two legs',
      'input-',
      () =>
        makeTensor((z, y, x) => Math.max(limb(y, x - 0.5, 0.4 + 0.1 * z), limb(y, x + 0.5, 0.4 + 0.1 * z))),
    ],
    ['values without an intercept', 'input-', () => makeTensor((_z, y, x) => limb(y, x, 0.8) + 1024)],
  ])('sends %s to review', (_name, reason, make) => {
    const reasons = judge(make());
    expect(reasons[0]).toContain(reason);
  });

  test('has the figures that #6 asks for, and believes no body part below its threshold for a risk of 5 percent', () => {
    expect(starter.acceptFrom.body_part).toBeGreaterThan(0.7);
    const gate = starter.card.review!.gate as unknown as Record<string, number> & {
      whole_volumes: { to_review: number };
    };
    expect(gate.unsuitable_to_review).toBeGreaterThanOrEqual(0.95);
    expect(gate.whole_volumes.to_review).toBeLessThanOrEqual(0.4);
  });
});
