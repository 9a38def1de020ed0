import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasBurnedInText } from '../../../stages/preprocess/burned-in-text.ts';
import {
  type CleanSlice,
  readCleanSlices,
  renderMasks,
  runCampaign,
  turnMask,
} from '../../fixtures/burned-in.ts';
import { sharedDataDir } from '../../fixtures/shared-data.ts';
import { oraclePython } from '../../oracles/python.ts';
import { seededRandom } from './volumes.ts';

describe('hasBurnedInText', () => {
  it('says nothing of empty, constant, smooth and random images', () => {
    const random = seededRandom(5);
    expect(hasBurnedInText(new Uint8Array(0), 0, 0)).toBe(false);
    expect(hasBurnedInText(new Uint16Array(64 * 64).fill(9), 64, 64)).toBe(false);
    const ramp = Int16Array.from({ length: 512 * 512 }, (_, at) => (at % 512) * 4);
    expect(hasBurnedInText(ramp, 512, 512)).toBe(false);
    const noise = Uint16Array.from({ length: 512 * 512 }, () => Math.floor(random() * 255));
    expect(hasBurnedInText(noise, 512, 512)).toBe(false);
  });

  it('reads every type of stored values alike', () => {
    const page = new Int16Array(128 * 256).fill(-900);
    for (let letter = 0; letter < 16; letter += 1)
      for (let row = 40; row < 52; row += 1) page[row * 256 + 20 + letter * 6] = 3071;
    expect(hasBurnedInText(page, 128, 256)).toBe(true);
    expect(
      hasBurnedInText(
        Uint16Array.from(page, (value) => value + 1024),
        128,
        256,
      ),
    ).toBe(true);
    expect(
      hasBurnedInText(
        Uint16Array.from(page, (value) => value * 12 + 20_000),
        128,
        256,
      ),
    ).toBe(true);
    expect(
      hasBurnedInText(
        Uint8Array.from(page, (value) => (value > 0 ? 255 : 0)),
        128,
        256,
      ),
    ).toBe(true);
    expect(hasBurnedInText(Int32Array.from(page), 128, 256)).toBe(true);
  });
});

const shared = sharedDataDir();

/** The long form, over every file and with more repeats, is scripts/burned-in-campaign.mjs. */
describe.skipIf(shared === null || oraclePython() === null)('the burned-in campaign in short', () => {
  it('finds 99% of texts in six fonts and three sizes, and flags at most 0.5% of clean slices', async () => {
    const slices: CleanSlice[] = [];
    for (const folder of ['head_ge_tilt18_varspacing', 'abdomen_kits72_arterial', 'derived_coronal_acrin'])
      for await (const slice of readCleanSlices(path.join(shared!, 'ct-dicom', folder))) slices.push(slice);
    const { drawn, clean } = runCampaign(slices, renderMasks(), 1);
    const counts = [...drawn.values()];
    const total = counts.reduce((sum, count) => sum + count.drawn, 0);
    const found = counts.reduce((sum, count) => sum + count.found, 0);
    expect(total).toBe(180);
    expect(found / total).toBeGreaterThanOrEqual(0.99);
    const upright = [
      ...runCampaign(
        slices,
        renderMasks()
          .filter(({ size }) => size === 1)
          .map(turnMask),
        1,
      ).drawn.values(),
    ];
    const foundUpright = upright.reduce((sum, count) => sum + count.found, 0);
    expect(upright).toHaveLength(60);
    expect(foundUpright / 60).toBeGreaterThanOrEqual(0.95);
    expect(clean.images).toBeGreaterThan(30);
    expect(clean.flagged.length / clean.images).toBeLessThanOrEqual(0.005);
  });
});
