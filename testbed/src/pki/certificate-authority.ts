// A CA of tests: it issues what the operator's CA would, and what it never would. It shares no code with the operator, on purpose.
import { createPrivateKey, createPublicKey, KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { agentServerName, anyAgentServerName, metricsReaderIdentity, operatorIdentity } from '@nodetask/shared';

export interface CertificateOptions {
  /** Default: test. */
  readonly commonName?: string;
  /** Subject alternative names. */
  readonly dns?: readonly string[];
  readonly ips?: readonly string[];
  readonly uris?: readonly string[];
  /** Extended key usages (default: none, which means all). */
  readonly usages?: readonly ('server' | 'client')[];
  /** PEM; default: that of a new key. */
  readonly publicKey?: string;
  /** Default: a minute ago. Certificates count in whole seconds. */
  readonly notBefore?: Date;
  /** Default: in an hour. */
  readonly notAfter?: Date;
}

export interface IssuedCertificate {
  /** PEM: the certificate, then the intermediate ones; not the root. */
  readonly certificate: string;
  /** PEM; empty for a public key of somebody else's. */
  readonly key: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const MINUTE_MS = 60_000;

export class CertificateAuthority {
  /** PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
  /** PEM: what has to follow a certificate of this CA so that it leads to a root. */
  readonly #chain: string;

  private constructor(certificate: string, key: string, chain: string) {
    this.certificate = certificate;
    this.key = key;
    this.#chain = chain;
  }

  /** A new CA that signs itself. */
  static async create(options: CertificateOptions = {}): Promise<CertificateAuthority> {
    const { certificate, key } = await issue(undefined, { commonName: 'test CA', ...options }, true);
    return new CertificateAuthority(certificate, key, '');
  }

  /** One that exists, for instance in a Secret of the operator. */
  static of(certificate: string, key: string): CertificateAuthority {
    return new CertificateAuthority(certificate, key, '');
  }

  /** The same CA, with its key and another certificate. */
  async reissue(options: CertificateOptions = {}): Promise<CertificateAuthority> {
    const publicKey = createPublicKey(this.key).export({ type: 'spki', format: 'pem' });
    const { certificate } = await issue(this, { commonName: 'test CA', publicKey, ...options }, true);
    return new CertificateAuthority(certificate, this.key, '');
  }

  /** A CA below this one. */
  async intermediate(options: CertificateOptions = {}): Promise<CertificateAuthority> {
    const { certificate, key } = await issue(this, { commonName: 'intermediate test CA', ...options }, true);
    return new CertificateAuthority(certificate, key, certificate + this.#chain);
  }

  async issue(options: CertificateOptions): Promise<IssuedCertificate> {
    const { certificate, key } = await issue(this, options, false);
    return { certificate: certificate + this.#chain, key };
  }

  /** The client certificate of an operator. */
  async operator(options: CertificateOptions = {}): Promise<IssuedCertificate> {
    return this.issue({ commonName: 'operator', uris: [operatorIdentity], usages: ['client'], ...options });
  }

  /** The client certificate of who scrapes metrics. */
  async metricsReader(options: CertificateOptions = {}): Promise<IssuedCertificate> {
    return this.issue({ commonName: 'metrics reader', uris: [metricsReaderIdentity], usages: ['client'], ...options });
  }

  /** The server certificate of the agent in a pod. */
  async agent(podUID: string, options: CertificateOptions = {}): Promise<IssuedCertificate> {
    return this.issue({
      commonName: 'agent',
      dns: [agentServerName(podUID), anyAgentServerName],
      usages: ['server'],
      ...options,
    });
  }
}

async function issue(
  by: CertificateAuthority | undefined,
  options: CertificateOptions,
  ca: boolean,
): Promise<IssuedCertificate> {
  const x509 = await import('./x509.ts');
  x509.cryptoProvider.set(webcrypto);
  const { publicKey, key } = await keysFor(options);
  const subject = `CN=${options.commonName ?? 'test'}`;
  const signingKey = createPrivateKey(by?.key ?? key).toCryptoKey(algorithm, false, ['sign']);
  const issuer = by === undefined ? undefined : new x509.X509Certificate(by.certificate);
  const names: { type: 'dns' | 'ip' | 'url'; value: string }[] = [
    ...(options.dns ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(options.ips ?? []).map((value) => ({ type: 'ip' as const, value })),
    ...(options.uris ?? []).map((value) => ({ type: 'url' as const, value })),
  ];
  const usages = (options.usages ?? []).map((usage) =>
    usage === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth,
  );
  const { keyCertSign, digitalSignature } = x509.KeyUsageFlags;
  const certificate = await x509.X509CertificateGenerator.create({
    // Positive, and of a fixed length.
    serialNumber: `4${randomBytes(16).toString('hex').slice(1)}`,
    subject,
    issuer: issuer?.subject ?? subject,
    notBefore: options.notBefore ?? new Date(Date.now() - MINUTE_MS),
    notAfter: options.notAfter ?? new Date(Date.now() + 60 * MINUTE_MS),
    signingAlgorithm: algorithm,
    publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(ca, undefined, true),
      new x509.KeyUsagesExtension(ca ? keyCertSign : digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      ...(issuer === undefined ? [] : [await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey)]),
      ...(usages.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(usages)]),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key };
}

async function keysFor(
  options: CertificateOptions,
): Promise<{ readonly publicKey: webcrypto.CryptoKey; readonly key: string }> {
  if (options.publicKey !== undefined) {
    return { publicKey: createPublicKey(options.publicKey).toCryptoKey(algorithm, true, ['verify']), key: '' };
  }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
  return { publicKey: keys.publicKey, key };
}
