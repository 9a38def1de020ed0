/**
 * Calls `work` for `from`, `from + 1` … while fewer than `limit` calls are open, until `to` (exclusive) or until
 * `stop` says so.
 * @returns the first index that was not begun; all calls that were begun have ended
 * @throws what the first failing call threw, after the open calls have ended
 */
export async function forEachBounded(
  range: { from: number; to: number; limit: number },
  work: (index: number) => Promise<void>,
  stop: () => boolean = () => false,
): Promise<number> {
  let next = range.from;
  let failed: { error: unknown } | null = null;
  const lane = async () => {
    while (next < range.to && failed === null && !stop()) {
      const index = next;
      next += 1;
      try {
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
