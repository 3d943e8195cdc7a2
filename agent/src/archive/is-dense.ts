/**
 * Whether bytes look as if they were compressed or encrypted already: then each value of a byte is about as frequent as any other. Looks at
 * a sample only. Says nothing of fewer than 4096 bytes: undefined.
 */
export const isDense = (bytes: Uint8Array): boolean | undefined => {
  if (bytes.length < sample) return undefined;
  counts.fill(0);
  // Odd, so that the sample does not fall into step with records of an even size.
  const step = Math.floor(bytes.length / sample) | 1;
  let taken = 0;
  for (let at = 0; at < bytes.length && taken < sample; at += step, taken++) {
    const value = bytes[at] ?? 0;
    counts[value] = (counts[value] ?? 0) + 1;
  }
  let squares = 0;
  for (const count of counts) squares += count * count;
  return (squares * counts.length) / (taken * taken) < evenness;
};

const sample = 4096;
const counts = new Uint16Array(256);
/** Bytes by chance have 1 + 256/4096, compressed records 1.1 to 1.25; text, numbers and keys in records have 2 and more. */
const evenness = 1.3;
