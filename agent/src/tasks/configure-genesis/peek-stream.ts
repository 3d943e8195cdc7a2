/** A stream of bytes of which the first have been looked at. */
export interface PeekedStream {
  /** The first bytes, as many as were wanted; fewer only where there are no more. */
  readonly head: Buffer;
  /** All bytes, those included. To be read to its end, or left by `return`. */
  readonly all: AsyncGenerator<Uint8Array, void, undefined>;
}

/** Looks at the first bytes of a stream without taking them. */
export const peekStream = async (
  source: AsyncGenerator<Uint8Array, void, undefined>,
  wanted: number,
): Promise<PeekedStream> => {
  const taken: Uint8Array[] = [];
  for (let bytes = 0; bytes < wanted;) {
    const { value, done } = await source.next();
    if (done === true) break;
    taken.push(value);
    bytes += value.length;
  }
  return { head: Buffer.concat(taken).subarray(0, wanted), all: joined(taken, source) };
};

async function* joined(
  taken: readonly Uint8Array[],
  source: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* taken;
    yield* source;
  } finally {
    await source.return();
  }
}
