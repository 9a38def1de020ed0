import { expect, it } from 'vitest';
import { deidentifyOptions } from '../fixtures/deidentify.ts';
import { fuzzDicom, fuzzHeaders } from './fuzz.ts';
import { makeSeeds } from './fuzz-seeds.ts';

// The long form is scripts/fuzz.mjs.
it('answers 5,000 damaged files with data or a DicomError', async () => {
  const seeds = await makeSeeds();
  const structure = await fuzzDicom(seeds, 4_000, 20, { decode: false });
  const pixels = await fuzzDicom(seeds, 1_000, 21);
  // The damage is of all kinds: neither everything nor nothing gets through.
  for (const outcome of ['read', 'truncated', 'damaged', 'not-dicom']) {
    expect(structure.outcomes[outcome] ?? 0, outcome).toBeGreaterThan(20);
  }
  expect(pixels.outcomes.decoded ?? 0).toBeGreaterThan(100);
  expect(pixels.outcomes['pixel-data-damaged'] ?? 0).toBeGreaterThan(20);
  expect(structure.mutations + pixels.mutations).toBe(5_000);
});

it('gives 4,000 damaged headers a verdict of the vocabulary', async () => {
  const { outcomes, mutations } = fuzzHeaders(await makeSeeds(), 4_000, 22, deidentifyOptions());
  expect(mutations).toBe(4_000);
  for (const outcome of ['kept', 'truncated', 'damaged', 'not-dicom', 'not-ct'])
    expect(outcomes[outcome] ?? 0, outcome).toBeGreaterThan(20);
});
