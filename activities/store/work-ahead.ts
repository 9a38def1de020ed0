/**
 * Does something for each item with up to `limit` items under way, so that waits overlap, and gives the results in the
 * order of the items.
 * @throws what `work` threw for an item, when it is that item's turn; items under way are waited for
 */
export async function* workAhead<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  limit: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<[Item, Result]> {
  const open: { item: Item; result: Promise<Result> }[] = [];
  try {
    for await (const item of items) {
      const result = work(item);
      // Its turn tells; until then nobody listens.
      result.catch(() => {});
      open.push({ item, result });
      if (open.length < limit) continue;
      const first = open.shift()!;
      yield [first.item, await first.result];
    }
    for (let first = open.shift(); first !== undefined; first = open.shift()) {
      yield [first.item, await first.result];
    }
  } finally {
    await Promise.allSettled(open.map(({ result }) => result));
  }
}
