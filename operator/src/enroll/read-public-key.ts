import { createPublicKey, type KeyObject } from 'node:crypto';

const pem = /^-----BEGIN PUBLIC KEY-----\s[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*$/;

/**
 * Reads a public key that a certificate may be made for: EC on P-256, nothing else.
 * @returns undefined for everything that is not one.
 */
export const readPublicKey = (text: string): KeyObject | undefined => {
  // From the text of a private key OpenSSL would make its public one.
  if (!pem.test(text)) return undefined;
  try {
    const key = createPublicKey(text);
    if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return undefined;
    // Of what was sent nothing but the point goes into a certificate.
    return createPublicKey({ key: key.export({ format: 'jwk' }), format: 'jwk' });
  } catch {
    // Not DER, not a point of the curve, …: in no case a key.
    return undefined;
  }
};
