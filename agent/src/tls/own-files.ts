import type { Clock, Logger } from '@nodetask/shared';
import type { CredentialSource } from './credential-source.ts';
import { type Credentials, readCredentials } from './credentials.ts';
import { Listeners } from './listeners.ts';
import { lookAgain } from './look-again.ts';
import { readSmallFile } from './read-small-file.ts';

const maxBytes = 256 * 1024;

/** The files of key and certificate cannot be used, so that the agent cannot start. */
export class IdentityFileError extends Error {
  override readonly name = 'IdentityFileError';
}

export interface OwnFilesOptions {
  /** PEM: the certificate, then what leads to the CA. */
  readonly certFile: string;
  readonly keyFile: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A key and a certificate that somebody else writes and renews: a Secret of cert-manager, its CSI driver. */
export class OwnFiles implements CredentialSource {
  readonly isPlaceholder = false;
  readonly #options: OwnFilesOptions;
  readonly #listeners = new Listeners();
  #texts: Texts;
  #credentials: Credentials;
  #complaint: string | undefined;

  /** Reads them for the first time. @throws IdentityFileError */
  constructor(options: OwnFilesOptions) {
    this.#options = options;
    try {
      ({ texts: this.#texts, credentials: this.#credentials } = readPair(options));
    } catch (error) {
      throw new IdentityFileError(
        `The certificate ${options.certFile} with the key ${options.keyFile} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    }
  }

  get credentials(): Credentials {
    return this.#credentials;
  }

  subscribe(listener: () => void): void {
    this.#listeners.add(listener);
  }

  run(signal: AbortSignal): Promise<void> {
    return lookAgain(this.#options.clock, signal, () => {
      this.#look();
    });
  }

  #look(): void {
    const { certFile, keyFile, logger } = this.#options;
    try {
      const texts = readTexts(this.#options);
      const same = texts.certificates === this.#texts.certificates && texts.key === this.#texts.key;
      const pair = same ? undefined : readPair(this.#options);
      this.#complaint = undefined;
      if (pair === undefined) return;
      const { credentials } = pair;
      this.#texts = pair.texts;
      this.#credentials = credentials;
      const { serialNumber, validTo } = credentials.certificate;
      logger.info('showing the certificate of the changed file', { path: certFile, serialNumber, validTo });
      this.#listeners.tell();
    } catch (error) {
      const complaint = error instanceof Error ? error.message : String(error);
      if (complaint === this.#complaint) return;
      this.#complaint = complaint;
      const { validTo } = this.#credentials.certificate;
      logger.error('the files of key and certificate cannot be used: what they held before stays', {
        certFile,
        keyFile,
        validTo,
        error,
      });
    }
  }
}

interface Texts {
  readonly certificates: string;
  readonly key: string;
}

interface Pair {
  readonly texts: Texts;
  readonly credentials: Credentials;
}

/** Twice where they do not fit: they are two files, and both may have been changed between the reads. */
const readPair = (options: OwnFilesOptions): Pair => {
  try {
    return parsePair(readTexts(options));
  } catch {
    return parsePair(readTexts(options));
  }
};

const parsePair = (texts: Texts): Pair => ({ texts, credentials: readCredentials(texts.key, texts.certificates) });

const readTexts = ({ certFile, keyFile }: OwnFilesOptions): Texts => ({
  certificates: readSmallFile(certFile, maxBytes),
  key: readSmallFile(keyFile, maxBytes),
});
