import type { X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import { type Clock, momentText } from '@nodetask/shared';
import { alternativeNames } from '../tls/alternative-names.ts';
import type { TrustFile } from '../tls/trust-file.ts';
import { quoteValue } from './quote-value.ts';

/** Who has made a connection, by its client certificate, or why that certificate counts for nothing. */
export type Caller = { readonly identity: string } | { readonly fault: string };

/** What was found out about the certificate of one connection. */
interface Judged {
  readonly identity: string;
  readonly certificate: X509Certificate;
  readonly others: readonly X509Certificate[];
  /** Of the trust file. */
  generation: number;
  /** Of the certificates that lead to the trusted one, in milliseconds since the epoch. */
  until: number;
}

/** id-kp-clientAuth. https://datatracker.ietf.org/doc/html/rfc5280#section-4.2.1.12 */
const clientAuth = '1.3.6.1.5.5.7.3.2';
/** Certificates that a client sends beside its own; no CA is that deep. */
const mostOthers = 8;

/**
 * The client certificates of connections. OpenSSL judges each when the connection is made. What may change after that, the time and the
 * trusted CAs, is judged again with each request, because a connection may live longer than its certificate.
 */
export class CallerCertificates {
  readonly #trust: TrustFile;
  readonly #clock: Clock;
  readonly #known = new WeakMap<object, Judged | { readonly fault: string }>();

  constructor(trust: TrustFile, clock: Clock) {
    this.#trust = trust;
    this.#clock = clock;
  }

  /** undefined where the client showed no certificate. @param socket of the request */
  callerOf(socket: object): Caller | undefined {
    let known = this.#known.get(socket);
    if (known === undefined) {
      if (!(socket instanceof TLSSocket)) return undefined;
      const certificate = socket.getPeerX509Certificate();
      // Not by `authorized`: that is true for a session which was resumed without one (nodejs/node#35317).
      if (certificate === undefined) return undefined;
      known = judgeOnce(socket, certificate);
      this.#known.set(socket, known);
    }
    if ('fault' in known) return known;
    const fault = this.#judgeAgain(known);
    return fault === undefined ? { identity: known.identity } : { fault };
  }

  #judgeAgain(judged: Judged): string | undefined {
    const now = this.#clock.now();
    if (judged.generation === this.#trust.generation && now <= judged.until) return undefined;
    const { certificate, others } = judged;
    if (certificate.validToDate.getTime() < now) return `it ended at ${momentText(certificate.validToDate.getTime())}`;
    const chain = this.#trust.chainOf(certificate, others, now);
    if (chain === undefined) return 'it leads to no CA that the agent trusts now';
    judged.generation = this.#trust.generation;
    judged.until = Math.min(...chain.map(({ validToDate }) => validToDate.getTime()));
    return undefined;
  }
}

/** What no time changes. */
const judgeOnce = (socket: TLSSocket, certificate: X509Certificate): Judged | { readonly fault: string } => {
  if (!socket.authorized) return { fault: `TLS says ${String(socket.authorizationError)}` };
  // Without a purpose a certificate would be good for all of them.
  if (!(certificate.keyUsage ?? []).includes(clientAuth)) {
    return { fault: 'it is not for clients (extended key usage clientAuth)' };
  }
  // One, as SPIFFE has it: https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md#2-spiffe-id
  const { uris } = alternativeNames(certificate);
  const [identity] = uris;
  if (identity === undefined || uris.length > 1) {
    return { fault: `it names ${uris.length === 0 ? 'no URI' : quoteValue(uris.join(' '))}, and one URI is wanted` };
  }
  return { identity, certificate, others: othersOf(certificate), generation: -1, until: Number.NEGATIVE_INFINITY };
};

const othersOf = (certificate: X509Certificate): readonly X509Certificate[] => {
  const others: X509Certificate[] = [];
  for (let next = certificate.issuerCertificate; next !== undefined; next = next.issuerCertificate) {
    if (others.length === mostOthers) break;
    others.push(next);
  }
  return others;
};
