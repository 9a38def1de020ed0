import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  batchCountFor,
  batchOf,
  findContestedInstances,
  hash64,
} from '../../../stages/discover/assign-batches.ts';

it('cuts into a power of two that seldom changes', () => {
  expect([0, 1, 512, 513, 1_025, 60_000, 1_000_000, 10_000_000].map(batchCountFor)).toEqual([
    1, 1, 1, 2, 4, 128, 2048, 8192,
  ]);
});

it('puts a study into one batch, whatever else there is', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom(1, 2, 8, 4096), (study, batches) => {
      const batch = batchOf(study, batches);
      expect(batch).toBe(batchOf(study, batches));
      expect(batch).toBeGreaterThanOrEqual(0);
      expect(batch).toBeLessThan(batches);
    }),
  );
});

it('finds exactly the instances that several studies claim, in any order', () => {
  const claim = fc.record({ sop: fc.integer({ min: 0, max: 8 }), study: fc.integer({ min: 0, max: 3 }) });
  fc.assert(
    fc.property(fc.array(claim), (claims) => {
      const of = (key: 'sop' | 'study') =>
        new BigUint64Array(claims.map((each) => hash64(`${key}${each[key]}`)));
      const found = findContestedInstances({ sop: of('sop'), study: of('study') });
      const expected = [...new Set(claims.map(({ sop }) => sop))].filter(
        (sop) => new Set(claims.filter((each) => each.sop === sop).map(({ study }) => study)).size > 1,
      );
      expect(found.map(String).sort()).toEqual(expected.map((sop) => String(hash64(`sop${sop}`))).sort());
    }),
  );
});
