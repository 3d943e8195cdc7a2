import type { X509Certificate } from 'node:crypto';
import type { Clock, Logger } from '@nodetask/shared';
import { findChain } from './find-chain.ts';
import { Listeners } from './listeners.ts';
import { lookAgain } from './look-again.ts';
import { readCertificates } from './read-certificates.ts';
import { readSmallFile } from './read-small-file.ts';

/** As much as a ConfigMap holds. */
const maxBytes = 1024 * 1024;

export interface TrustFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The CA certificates that the agent trusts, from a file that is read again and again. One that cannot be used changes nothing: what was
 * trusted stays so, as with a kube-apiserver. Before the first good one nobody is trusted.
 */
export class TrustFile {
  readonly #options: TrustFileOptions;
  readonly #listeners = new Listeners();
  #text: string | undefined;
  #anchors: readonly X509Certificate[] = [];
  #generation = 0;
  #complaint: string | undefined;

  /** Reads it for the first time. */
  constructor(options: TrustFileOptions) {
    this.#options = options;
    this.#look();
  }

  get path(): string {
    return this.#options.path;
  }

  get anchors(): readonly X509Certificate[] {
    return this.#anchors;
  }

  /** Another number, another set of certificates. */
  get generation(): number {
    return this.#generation;
  }

  /** The certificates from `leaf` to one that is trusted, see findChain. */
  chainOf(
    leaf: X509Certificate,
    others: readonly X509Certificate[],
    at?: number,
  ): readonly X509Certificate[] | undefined {
    return findChain(leaf, { others, anchors: this.#anchors, ...(at === undefined ? {} : { at }) });
  }

  /** Told after each change. */
  subscribe(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Looks at the file until the signal aborts. */
  run(signal: AbortSignal): Promise<void> {
    return lookAgain(this.#options.clock, signal, () => {
      this.#look();
    });
  }

  #look(): void {
    const { path, logger } = this.#options;
    try {
      const text = readSmallFile(path, maxBytes);
      if (text !== this.#text) this.#take(text);
      this.#complaint = undefined;
    } catch (error) {
      const complaint = error instanceof Error ? error.message : String(error);
      if (complaint === this.#complaint) return;
      this.#complaint = complaint;
      logger.error(
        this.#anchors.length === 0
          ? 'the trust file cannot be used: no client certificate is accepted until it can'
          : 'the trust file cannot be used: what it held before stays trusted',
        { path, error },
      );
    }
  }

  #take(text: string): void {
    const anchors = readCertificates(text);
    if (anchors.length === 0) throw new Error(`${this.path} has no certificate in PEM form`);
    this.#text = text;
    this.#anchors = anchors;
    this.#generation++;
    this.#options.logger.info('trusting the CAs of the trust file', {
      path: this.path,
      certificates: anchors
        .slice(0, 10)
        .map(({ subject, fingerprint256, validTo }) => ({ subject, fingerprint256, validTo })),
    });
    this.#listeners.tell();
  }
}
