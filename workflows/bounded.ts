import type { Pause } from './pause.ts';

/**
 * Calls `work` for `from`, `from + 1` … while fewer than `limit` calls are open, until `to` (exclusive) or until
 * `stop` says so. Begins none while `pause` is on.
 * @returns the first index that was not begun; all calls that were begun have ended
 * @throws what the first failing call threw, after the open calls have ended
 */
export async function forEachBounded(
  range: { from: number; to: number; limit: number; pause?: Pause },
  work: (index: number) => Promise<void>,
  stop: () => boolean = () => false,
): Promise<number> {
  let next = range.from;
  let failed: { error: unknown } | null = null;
  const lane = async () => {
    while (next < range.to && failed === null && !stop()) {
      try {
        if (range.pause?.isOn) {
          await range.pause.over();
          continue;
        }
        const index = next;
        next += 1;
        await work(index);
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, range.limit) }, lane));
  if (failed !== null) throw (failed as { error: unknown }).error;
  return next;
}
