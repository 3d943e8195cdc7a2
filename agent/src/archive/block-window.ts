/**
 * Work on blocks, several at once, with results in order: at most `parallel` are under way or wait for the reader, so memory is bounded and
 * a slow reader slows the work. What is under way has ended before the generator has.
 */
export async function* blockWindow<T, R>(
  items: AsyncIterable<T>,
  parallel: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const window: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const working = work(item);
      // Awaited in its turn; until then a failure must not count as unhandled.
      working.catch(() => undefined);
      window.push(working);
      const [first] = window;
      if (window.length < parallel || first === undefined) continue;
      yield await first;
      void window.shift();
    }
    while (window.length > 0) {
      const [first] = window;
      if (first !== undefined) yield await first;
      void window.shift();
    }
  } finally {
    await Promise.allSettled(window);
  }
}
