import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import type { KubeObject } from '../kube/kube-object.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { leavingAnnotation, leavingText, readLeaving } from './leaving-annotation.ts';
import type { RetainingBundle } from './retention.ts';
import type { Authorities } from './rotation.ts';
import { certificatesText, joinBundles, leadsTo, parseCertificates } from './trust-bundle.ts';
import { signatureAlgorithmOf } from './x509/signature-algorithm.ts';

/** A Secret of type kubernetes.io/tls: `tls.crt` and `tls.key` sign, `ca.crt` is trusted, `next.crt` and `next.key` will sign. */
export interface Secret extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly annotations?: Readonly<Record<string, string>> };
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
}

/** What the Secret of the CA says. */
export interface AuthorityState extends Authorities {
  readonly bundle: RetainingBundle;
}

/** The Secret is there and cannot be used. */
export class CASecretError extends Error {
  override readonly name = 'CASecretError';
}

/** @throws CASecretError that says what is wrong with it. */
export const readCASecret = (secret: Secret): AuthorityState => {
  const signer = readAuthority(secret, 'tls');
  if (signer === undefined) throw fault(secret, 'it has no tls.crt and tls.key');
  const next = readAuthority(secret, 'next');
  const said = attempt(secret, 'ca.crt', parseCertificates, text(secret, 'ca.crt') ?? '');
  const bundle = joinBundles(said, rootsOf(signer), next === undefined ? [] : rootsOf(next));
  if (!leadsTo([signer.certificate, ...signer.chain], bundle)) {
    throw fault(secret, 'tls.crt is an intermediate CA, and ca.crt does not hold the root that it leads to');
  }
  return {
    signer,
    ...(next === undefined ? {} : { next }),
    bundle: { certificates: bundle, leaving: readLeaving(secret.metadata.annotations) },
  };
};

/** Data and annotation of the Secret that says `state`; null takes a key away (RFC 7386). */
export const caSecretPatch = ({
  signer,
  next,
  bundle,
}: AuthorityState): {
  readonly data: Readonly<Record<string, string | null>>;
  readonly annotations: Readonly<Record<string, string | null>>;
} => ({
  data: {
    'tls.crt': base64(certificatesText([signer.certificate])),
    'tls.key': base64(keyText(signer.privateKey)),
    'ca.crt': base64(certificatesText(bundle.certificates)),
    'next.crt': next === undefined ? null : base64(certificatesText([next.certificate])),
    'next.key': next === undefined ? null : base64(keyText(next.privateKey)),
  },
  annotations: { [leavingAnnotation]: leavingText(bundle.leaving) ?? null },
});

/** PKCS #8, PEM. */
export const keyText = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' });

export const base64 = (value: string): string => Buffer.from(value).toString('base64');

/** A value of a Secret as text; undefined where it is missing or empty. */
export const text = ({ data }: Secret, key: string): string | undefined => {
  const value: unknown = data?.[key];
  return typeof value !== 'string' || value === '' ? undefined : Buffer.from(value, 'base64').toString('utf8');
};

const readAuthority = (secret: Secret, name: 'tls' | 'next'): CertificateAuthority | undefined => {
  const certificates = text(secret, `${name}.crt`);
  const key = text(secret, `${name}.key`);
  if (certificates === undefined || key === undefined) return undefined;
  const [certificate, ...rest] = attempt(secret, `${name}.crt`, parseCertificates, certificates);
  if (certificate === undefined) throw fault(secret, `${name}.crt holds no certificate (PEM)`);
  const privateKey = attempt(secret, `${name}.key`, createPrivateKey, key);
  if (!certificate.ca) throw fault(secret, `${name}.crt (${certificate.subject}) is not a CA: isCA is missing`);
  if (!certificate.checkPrivateKey(privateKey)) throw fault(secret, `${name}.key is not the key of ${name}.crt`);
  if (signatureAlgorithmOf(privateKey) === undefined) {
    throw fault(secret, `${name}.key is of a kind that cannot be used: make it EC (P-256), RSA or Ed25519`);
  }
  return { certificate, chain: [certificate, ...rest].filter((one) => !isRoot(one)), privateKey };
};

const rootsOf = ({ certificate }: CertificateAuthority): readonly X509Certificate[] =>
  isRoot(certificate) ? [certificate] : [];

const isRoot = (certificate: X509Certificate): boolean =>
  certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);

const attempt = <In, Out>(secret: Secret, key: string, read: (input: In) => Out, input: In): Out => {
  try {
    return read(input);
  } catch (error) {
    // The message of a parser does not repeat what it was given; its cause might.
    throw fault(secret, `${key} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const fault = ({ metadata: { namespace = '', name } }: Secret, what: string): CASecretError =>
  new CASecretError(
    `the Secret ${namespace}/${name} is no CA that can be used: ${what}. Correct it; one that the operator made itself may be deleted, and it makes a new one.`,
  );
