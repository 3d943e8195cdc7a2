import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseCertificates } from '../../src/pki/trust-bundle.ts';
import { TLSPeer } from './tls-peer.ts';

export interface EnrolledPeerOptions {
  readonly podUID: string;
  /** What the operator gives out for this key: certificate with chain (PEM), and its end. */
  readonly enroll: (publicKey: string) => Promise<{ readonly certificate: string; readonly notAfter: string }>;
  /** The CAs that are published (PEM). */
  readonly readTrust: () => Promise<string>;
}

/** How often it looks at what is published: a kubelet takes up to two minutes. */
const lookMs = 50;

/**
 * A peer that keeps its certificate as an agent does: asks the operator for one, again when two thirds of its life are over or its CA is trusted no
 * more, and believes the CAs that are published, as they change.
 */
export class EnrolledPeer implements AsyncDisposable {
  readonly peer: TLSPeer;
  readonly #options: EnrolledPeerOptions;
  readonly #end = new AbortController();
  readonly #running: Promise<void>;
  #key: string;
  #certificate: string;
  #trust: string;
  #renewAt: number;
  #renewals = 0;

  private constructor(peer: TLSPeer, options: EnrolledPeerOptions, first: Enrolled) {
    this.peer = peer;
    this.#options = options;
    ({ key: this.#key, certificate: this.#certificate, trust: this.#trust, renewAt: this.#renewAt } = first);
    this.#running = this.#keep();
    // Said at its end.
    this.#running.catch(() => undefined);
  }

  static async start(options: EnrolledPeerOptions): Promise<EnrolledPeer> {
    const first = { ...(await enrolled(options)), trust: await options.readTrust() };
    const peer = await TLSPeer.start({ cert: first.certificate, key: first.key, ca: first.trust });
    return new EnrolledPeer(peer, options, first);
  }

  get podUID(): string {
    return this.#options.podUID;
  }

  /** How often it has got another certificate. */
  get renewals(): number {
    return this.#renewals;
  }

  /** PEM: the certificate that it shows, and whom it believes. */
  get certificate(): string {
    return this.#certificate;
  }

  get trust(): string {
    return this.#trust;
  }

  /** Throws what went wrong in its life. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#running;
    await this.peer[Symbol.asyncDispose]();
  }

  async #keep(): Promise<void> {
    while (!this.#end.signal.aborted) {
      const trust = await this.#options.readTrust();
      const due = Date.now() >= this.#renewAt || !isTrusted(this.#certificate, trust);
      if (due) {
        const { key, certificate, renewAt } = await enrolled(this.#options);
        this.#key = key;
        this.#certificate = certificate;
        this.#renewAt = renewAt;
        this.#renewals += 1;
      }
      if (due || trust !== this.#trust) {
        this.#trust = trust;
        this.peer.show({ cert: this.#certificate, key: this.#key, ca: trust });
      }
      await sleep(lookMs);
    }
  }
}

const isTrusted = (certificate: string, trust: string): boolean =>
  parseCertificates(trust).some((ca) => new X509Certificate(certificate).verify(ca.publicKey));

interface Enrolled {
  readonly key: string;
  readonly certificate: string;
  readonly renewAt: number;
  readonly trust: string;
}

const enrolled = async ({ enroll }: EnrolledPeerOptions): Promise<Omit<Enrolled, 'trust'>> => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const askedAt = Date.now();
  const { certificate, notAfter } = await enroll(publicKey.export({ type: 'spki', format: 'pem' }));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    certificate,
    renewAt: askedAt + (2 / 3) * (Date.parse(notAfter) - askedAt),
  };
};
