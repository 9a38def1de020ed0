import { expect, it } from 'vitest';
import { forEachBounded } from '../../workflows/bounded.ts';

it('calls each index once, never more than the limit at a time', async () => {
  let open = 0;
  let most = 0;
  const seen: number[] = [];
  const next = await forEachBounded({ from: 2, to: 50, limit: 4 }, async (index) => {
    open += 1;
    most = Math.max(most, open);
    await new Promise((resolve) => setTimeout(resolve, index % 3));
    seen.push(index);
    open -= 1;
  });
  expect(next).toBe(50);
  expect(most).toBe(4);
  expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 48 }, (_, index) => index + 2));
});

it('begins nothing after a failure, lets open calls end, and throws the first one', async () => {
  let ended = 0;
  const run = forEachBounded({ from: 0, to: 100, limit: 3 }, async (index) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    ended += 1;
    if (index === 4) throw new Error('the fourth');
  });
  await expect(run).rejects.toThrow('the fourth');
  expect(ended).toBeLessThan(10);
});

it('stops when told to and says where to go on', async () => {
  let done = 0;
  const next = await forEachBounded(
    { from: 0, to: 100, limit: 2 },
    async () => {
      done += 1;
    },
    () => done >= 10,
  );
  expect(next).toBe(done);
});
