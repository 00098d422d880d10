/** Calls `work` for every item, at most `callers` at a time; rejects with the first failure. */
export async function inParallel<T, R>(
  items: readonly T[],
  callers: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  // Shared by the workers: each takes the next item when it is free.
  const queue = items.entries();
  const loops = Array.from({ length: Math.min(callers, items.length) }, async () => {
    for (const [at, item] of queue) results[at] = await work(item);
  });
  await Promise.all(loops);
  return results;
}

/** Returns the items one after the other, for ever. */
export function cycle<T>(items: readonly T[]): () => T {
  let next = -1;
  return () => {
    next = (next + 1) % items.length;
    const item = items[next];
    if (item === undefined) throw new Error('There is nothing to cycle through.');
    return item;
  };
}
