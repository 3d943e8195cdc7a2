/** Works on all items, at most `limit` at a time. Ends when every started one has; the first error then is thrown, and no more are started. */
export const inParallel = async <T>(
  limit: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const pending = [...items];
  const errors: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (let item = pending.shift(); item !== undefined && errors.length === 0; item = pending.shift()) {
      try {
        await work(item);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (errors.length > 0) throw errors[0];
};
