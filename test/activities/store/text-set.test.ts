import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextSet } from '../../../activities/store/text-set.ts';

test('knows what was added, counts each text once, and grows', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.array(fc.string()), (added, others) => {
      const [set, reference] = [new TextSet(), new Set<string>()];
      for (const text of added) {
        set.add(text);
        reference.add(text);
      }
      expect(set.size).toBe(reference.size);
      for (const text of [...added, ...others]) expect(set.has(text)).toBe(reference.has(text));
    }),
  );
  const large = new TextSet();
  for (let index = 0; index < 5_000; index += 1) large.add(`dicom/${index % 4_000}.dcm`);
  expect(large.size).toBe(4_000);
  large.add('manifest/instances');
  expect(large.size).toBe(4_001);
  expect([large.has('dicom/0.dcm'), large.has('dicom/3999.dcm'), large.has('dicom/4000.dcm')]).toEqual([
    true,
    true,
    false,
  ]);
});
