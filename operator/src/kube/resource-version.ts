/**
 * Whether a resourceVersion comes before another of the same cluster, of which there is a step back only if etcd was put back. False if they are no numbers:
 * nothing can be told from them.
 */
export const isEarlierVersion = (version: string, other: string): boolean =>
  [version, other].every((one) => /^\d{1,20}$/u.test(one)) && BigInt(version) < BigInt(other);
