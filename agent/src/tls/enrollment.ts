import { generateKeyPairSync } from 'node:crypto';
import { abortReason, type Clock, type Logger, sleep } from '@nodetask/shared';
import { backoffMs } from '../backoff.ts';
import { startDeadline } from '../node/http/deadline.ts';
import { faultOfIssued, faultOfName } from './check-issued.ts';
import type { CredentialSource } from './credential-source.ts';
import { type Credentials, readCredentials } from './credentials.ts';
import type { IdentityStore } from './identity-store.ts';
import { Listeners } from './listeners.ts';
import { makePlaceholder } from './placeholder.ts';
import { readSmallFile } from './read-small-file.ts';
import { EnrollError, requestCertificate } from './request-certificate.ts';
import type { TrustFile } from './trust-file.ts';

export interface EnrollmentOptions {
  /** Of the operator's service. */
  readonly url: URL;
  /** Its content is bound to the pod and changes: it is read for each request. */
  readonly tokenFile: string;
  readonly podUID: string;
  /** Absent: a restart begins with a placeholder again. */
  readonly store?: IdentityStore;
  readonly trust: TrustFile;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Called after each request: a certificate came, the operator answered something else, nobody answered. */
  readonly onRequest: (result: 'issued' | 'refused' | 'failed') => void;
}

/** Of one request, connection included. */
const budgetMs = 15_000;
/** The operator limits the rate as well; what matters is that an agent is served soon after the operator is back. */
const backoff = { firstMs: 500, mostMs: 30_000 };
/** The longest pause that the operator may ask for. */
const longestAskedMs = 60_000;
/** Between looks at the trust file's content and the wall clock, which may jump. */
const lookMs = 5000;
/** However short the lives of certificates are. */
const leastPauseMs = 1000;
const maxTokenBytes = 16 * 1024;

/**
 * Certificates from the operator: the first one at once, the next at two thirds of the life of the one before (some sooner: agents that
 * began together must not ask together for ever), or as soon as its CA is no longer trusted. It tries for ever; meanwhile the agent
 * shows what it has, a placeholder at first. Each certificate has a key of its own.
 */
export class Enrollment implements CredentialSource {
  readonly #options: EnrollmentOptions;
  readonly #listeners = new Listeners();
  readonly #placeholder = makePlaceholder();
  #issued: Credentials | undefined;
  /** By the wall clock. */
  #renewAt = Number.NEGATIVE_INFINITY;
  /** Of the trust file when the CA of the certificate was last looked for in it. */
  #trustedIn: number | undefined;
  #failures = 0;
  #saving: Promise<void> = Promise.resolve();

  private constructor(options: EnrollmentOptions) {
    this.#options = options;
  }

  /** Begins with what is stored. */
  static async open(options: EnrollmentOptions): Promise<Enrollment> {
    const enrollment = new Enrollment(options);
    await enrollment.#load();
    return enrollment;
  }

  get credentials(): Credentials {
    return this.#issued ?? this.#placeholder;
  }

  get isPlaceholder(): boolean {
    return this.#issued === undefined;
  }

  subscribe(listener: () => void): void {
    this.#listeners.add(listener);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    try {
      for (;;) {
        const dueMs = this.#dueMs();
        const pauseMs = dueMs > 0 ? Math.min(dueMs, lookMs) : await this.#tryOnce(signal);
        await sleep(clock, pauseMs, signal);
      }
    } catch (error) {
      // The pause was aborted: the agent stops. Nothing else throws.
      if (!signal.aborted) throw error;
    } finally {
      await this.#saving;
    }
  }

  /** How long the present certificate will do. */
  #dueMs(): number {
    const { trust, clock } = this.#options;
    if (this.#issued === undefined) return 0;
    if (this.#trustedIn !== trust.generation) {
      const { certificate, others } = this.#issued;
      if (trust.chainOf(certificate, others) === undefined) return 0;
      this.#trustedIn = trust.generation;
    }
    return this.#renewAt - clock.now();
  }

  /** Answers how long to wait after it. */
  async #tryOnce(signal: AbortSignal): Promise<number> {
    const { clock, random, logger, onRequest, url } = this.#options;
    try {
      const credentials = await this.#enroll(signal);
      onRequest('issued');
      this.#show(credentials, clock.now());
      const { serialNumber, validTo } = credentials.certificate;
      logger.info('the operator has issued a certificate', { serialNumber, validTo, failures: this.#failures });
      this.#failures = 0;
      // A disk that is slow must not hold up the next one.
      this.#saving = this.#saving.then(() => this.#save(credentials));
      return leastPauseMs;
    } catch (error) {
      signal.throwIfAborted();
      const refusal = error instanceof EnrollError ? error : undefined;
      onRequest(refusal === undefined ? 'failed' : 'refused');
      // The first failure and then every sixteenth: an outage of hours must not fill the log.
      if (this.#failures % 16 === 0) {
        logger.warn('no certificate from the operator yet: trying again', {
          url: url.href,
          error,
          failures: this.#failures + 1,
          shows:
            this.#issued === undefined ? 'a placeholder' : `the one that ends at ${this.#issued.certificate.validTo}`,
        });
      }
      const pauseMs = backoffMs(this.#failures++, backoff, random);
      return Math.max(pauseMs, Math.min(refusal?.retryAfterMs ?? 0, longestAskedMs));
    }
  }

  async #enroll(signal: AbortSignal): Promise<Credentials> {
    const { clock, url, tokenFile, podUID, trust, userAgent } = this.#options;
    if (trust.anchors.length === 0) throw new Error(`${trust.path} holds no CA yet by which to know the operator`);
    const deadline = startDeadline(
      clock,
      signal,
      budgetMs,
      () => new Error(`the operator did not answer within ${String(budgetMs / 1000)} s`),
    );
    try {
      const token = readSmallFile(tokenFile, maxTokenBytes).trim();
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
      const { certificate } = await requestCertificate({
        url,
        trusted: trust.anchors.map(String),
        token,
        publicKey: publicKey.export({ type: 'spki', format: 'pem' }),
        userAgent,
        signal: deadline.signal,
      });
      const credentials = readIssued(privateKey.export({ type: 'pkcs8', format: 'pem' }), certificate);
      const fault = faultOfIssued(credentials, trust, { podUID, at: clock.now() });
      if (fault !== undefined) throw useless(fault);
      return credentials;
    } catch (error) {
      throw deadline.signal.aborted ? abortReason(deadline.signal) : error;
    } finally {
      deadline.end();
    }
  }

  #show(credentials: Credentials, from: number): void {
    const { random } = this.#options;
    const { validFromDate, validToDate } = credentials.certificate;
    const end = validToDate.getTime();
    // A certificate may begin before it was issued, for clocks that are slow.
    const life = end - Math.max(from, validFromDate.getTime());
    this.#issued = credentials;
    this.#renewAt = end - life * (1 / 3 + random() / 15);
    this.#trustedIn = undefined;
    this.#listeners.tell();
  }

  async #load(): Promise<void> {
    const { store, podUID, logger, clock } = this.#options;
    if (store === undefined) return;
    try {
      const stored = await store.load();
      if (stored === undefined) return;
      const fault = faultOfName(stored, podUID);
      if (fault !== undefined) throw new Error(`the certificate is of no use: ${fault}`);
      this.#show(stored, Number.NEGATIVE_INFINITY);
      const { serialNumber, validTo, validToDate } = stored.certificate;
      const ended = validToDate.getTime() <= clock.now();
      logger.info('showing the certificate that is stored', { path: store.path, serialNumber, validTo, ended });
    } catch (error) {
      logger.warn('the identity that is stored cannot be used: asking the operator for another', {
        path: store.path,
        error,
      });
    }
  }

  async #save(credentials: Credentials): Promise<void> {
    const { store, logger } = this.#options;
    try {
      await store?.save(credentials);
    } catch (error) {
      logger.warn('the identity cannot be stored: a restart of the agent begins without', { path: store?.path, error });
    }
  }
}

const readIssued = (key: string, certificate: string): Credentials => {
  try {
    return readCredentials(key, certificate);
  } catch (error) {
    throw useless(error instanceof Error ? error.message : String(error));
  }
};

const useless = (fault: string): EnrollError =>
  new EnrollError(`the certificate that the operator issued is of no use: ${fault}`);
