import type { KeyObject } from 'node:crypto';

/** How a key signs certificates. */
export interface SignatureAlgorithm {
  /** Object identifier of the algorithm in a certificate. */
  readonly oid: string;
  /** For `sign` of node:crypto; null where the algorithm has its own. */
  readonly hash: string | null;
  /** Whether the identifier has NULL for its parameters (RFC 4055, section 5) instead of none (RFC 5758, RFC 8410). */
  readonly nullParameters: boolean;
}

const ecdsa: Readonly<Record<string, SignatureAlgorithm>> = {
  prime256v1: { oid: '1.2.840.10045.4.3.2', hash: 'sha256', nullParameters: false },
  secp384r1: { oid: '1.2.840.10045.4.3.3', hash: 'sha384', nullParameters: false },
  secp521r1: { oid: '1.2.840.10045.4.3.4', hash: 'sha512', nullParameters: false },
};
const byKeyType: Readonly<Record<string, SignatureAlgorithm>> = {
  rsa: { oid: '1.2.840.113549.1.1.11', hash: 'sha256', nullParameters: true },
  ed25519: { oid: '1.3.101.112', hash: null, nullParameters: false },
};

/**
 * The algorithm of a CA's key. The operator's own keys are P-256; those that cert-manager makes may be any that are here.
 * @returns undefined for a key that signs nothing, or nothing that all sides know.
 */
export const signatureAlgorithmOf = (key: KeyObject): SignatureAlgorithm | undefined => {
  const { asymmetricKeyType = '', asymmetricKeyDetails } = key;
  return asymmetricKeyType === 'ec' ? ecdsa[asymmetricKeyDetails?.namedCurve ?? ''] : byKeyType[asymmetricKeyType];
};
