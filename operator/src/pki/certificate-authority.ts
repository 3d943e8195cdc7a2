import { createHash, generateKeyPairSync, type KeyObject, type X509Certificate } from 'node:crypto';
import { backdateMs } from './life.ts';
import { signCertificate } from './x509/sign-certificate.ts';

/** Whoever has its key decides who is an agent and who is the operator. */
export interface CertificateAuthority {
  readonly certificate: X509Certificate;
  /** What leads from it to its root, itself first, without the root: sent along with all that it signs. Empty where it is the root. */
  readonly chain: readonly X509Certificate[];
  readonly privateKey: KeyObject;
}

/** A new one with a new key. Its name holds a part of the key's hash: while one CA follows another, both are to be told apart. */
export const createAuthority = (now: number, lifetimeMs: number): CertificateAuthority => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const hash = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
  const certificate = signCertificate(
    {
      commonName: `NodeTask CA ${hash.slice(0, 16)}`,
      use: 'ca',
      publicKey,
      notBefore: now - backdateMs,
      notAfter: now + lifetimeMs,
    },
    { privateKey },
  );
  return { certificate, chain: [], privateKey };
};
