import { generateKeyPairSync, type KeyObject, type X509Certificate } from 'node:crypto';
import { momentText } from '@nodetask/shared';
import { keyText } from './ca-secret.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { backdateMs, type Life, lifeOf, renewalOf } from './life.ts';
import type { Profile } from './profiles.ts';
import { certificatesText, leadsTo } from './trust-bundle.ts';
import { signCertificate } from './x509/sign-certificate.ts';

/** A certificate that ends a chain, with what leads to its root, itself first. */
export interface Leaf {
  readonly chain: readonly [X509Certificate, ...X509Certificate[]];
  /** PEM of `chain`. */
  readonly certificateText: string;
}

/** One whose key this process has. */
export interface KeyedLeaf extends Leaf {
  /** PEM. */
  readonly keyText: string;
}

export interface IssueOptions {
  readonly ca: CertificateAuthority;
  readonly now: number;
  readonly lifetimeMs: number;
}

/** The CA has ended: nothing that it signs would be worth anything. */
export class EndedAuthorityError extends Error {
  override readonly name = 'EndedAuthorityError';
}

/**
 * Signs a certificate for a key of somebody else. It ends after `lifetimeMs`, or with its CA.
 * @throws EndedAuthorityError
 */
export const issueFor = (publicKey: KeyObject, profile: Profile, { ca, now, lifetimeMs }: IssueOptions): Leaf => {
  const { endsAt } = lifeOf(ca.certificate);
  if (now >= endsAt) {
    throw new EndedAuthorityError(
      `the CA ${ca.certificate.subject} ended at ${momentText(endsAt)}: it must be renewed before anything can be signed`,
    );
  }
  const certificate = signCertificate(
    { ...profile, publicKey, notBefore: now - backdateMs, notAfter: Math.min(now + lifetimeMs, endsAt) },
    ca,
  );
  const chain = [certificate, ...ca.chain] as const;
  return { chain, certificateText: certificatesText(chain) };
};

/** Makes a key (EC P-256) and signs a certificate for it. @throws EndedAuthorityError */
export const issueLeaf = (profile: Profile, options: IssueOptions): KeyedLeaf => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...issueFor(publicKey, profile, options), keyText: keyText(privateKey) };
};

export const leafLife = ({ chain }: Leaf): Life => lifeOf(chain[0]);

/** When it is to be renewed: at two thirds of its life, or at once where nobody trusts its CA any more. */
export const renewLeafAt = (leaf: Leaf, trusted: readonly X509Certificate[]): number =>
  leadsTo(leaf.chain, trusted) ? renewalOf(leafLife(leaf)) : -Infinity;
