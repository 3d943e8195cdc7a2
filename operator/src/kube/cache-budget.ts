/**
 * How much memory the objects of some caches may take together, by an estimate. An API server, or whoever may create objects in the cluster, decides how
 * many there are and how large: without a bound they would decide when the process runs out of memory.
 */
export class CacheBudget {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes `bytes` in place of `former` ones. False, and nothing has changed, when there is no room. */
  exchange(former: number, bytes: number): boolean {
    const sum = this.#bytes - former + bytes;
    // An object that becomes smaller always fits.
    if (sum > this.#maxBytes && bytes > former) return false;
    this.#bytes = sum;
    return true;
  }
}

/** The memory that a value takes, about, in bytes: as V8 keeps the objects that JSON.parse makes. */
export const sizeOf = (value: unknown): number => {
  let bytes = 0;
  const open: unknown[] = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one === 'string') bytes += 24 + one.length;
    else if (typeof one !== 'object' || one === null) bytes += 8;
    else if (Array.isArray(one)) {
      bytes += 32;
      for (const item of one) open.push(item);
    } else {
      bytes += 56;
      for (const [key, member] of Object.entries(one)) {
        bytes += 24 + key.length;
        open.push(member);
      }
    }
  }
  return bytes;
};
