import type { X509Certificate } from 'node:crypto';

/** Of certificates between that of the owner and a trusted one. */
const mostBetween = 4;

export interface ChainSources {
  /** What came with the certificate. */
  readonly others: readonly X509Certificate[];
  readonly anchors: readonly X509Certificate[];
  /** Milliseconds since the epoch at which every certificate of the chain must be valid; absent: whenever. */
  readonly at?: number;
}

/**
 * The certificates from `leaf` to a trusted one, both included; undefined where none leads there. Names, keys, signatures, times and
 * the right to issue are looked at. What else there is (purpose, length of the path, names that a CA is confined to) OpenSSL has
 * judged when the connection was made, and it does not change; times and trusted certificates do.
 */
export const findChain = (
  leaf: X509Certificate,
  { others, anchors, at }: ChainSources,
): readonly X509Certificate[] | undefined => {
  const isUsable = (certificate: X509Certificate): boolean => at === undefined || isValidAt(certificate, at);
  const isIssuer = (candidate: X509Certificate, of: X509Certificate): boolean =>
    candidate.ca && isUsable(candidate) && of.checkIssued(candidate) && of.verify(candidate.publicKey);

  const lead = (
    from: X509Certificate,
    left: readonly X509Certificate[],
    between: number,
  ): X509Certificate[] | undefined => {
    const anchor = anchors.find((candidate) => isIssuer(candidate, from));
    if (anchor !== undefined) return [from, anchor];
    if (between === mostBetween) return undefined;
    for (const next of left) {
      if (!isIssuer(next, from)) continue;
      const rest = lead(
        next,
        left.filter((other) => other !== next),
        between + 1,
      );
      if (rest !== undefined) return [from, ...rest];
    }
    return undefined;
  };
  return isUsable(leaf) ? lead(leaf, others, 0) : undefined;
};

/** https://datatracker.ietf.org/doc/html/rfc5280#section-4.1.2.5: both ends belong to the time. */
const isValidAt = ({ validFromDate, validToDate }: X509Certificate, at: number): boolean =>
  validFromDate.getTime() <= at && at <= validToDate.getTime();
