/**
 * Memory that only one part of the program uses at a time, so that it can be given back before the garbage collector finds out: for blocks
 * of a megabyte it looks too seldom, and then at everything.
 */
const owned = new WeakSet<ArrayBufferLike>();

/** Says that nobody else has a part of the memory of `bytes`. */
export const ownMemory = (bytes: Buffer): Buffer => {
  if (bytes.length > 0) owned.add(bytes.buffer);
  return bytes;
};

/** Gives the memory of `bytes` back where it was said to be nobody else's; they are empty then. */
export const giveBack = ({ buffer }: Buffer): void => {
  if (owned.delete(buffer) && buffer instanceof ArrayBuffer) buffer.transfer(0);
};
