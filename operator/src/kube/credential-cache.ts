import type { Clock, Logger } from '@nodetask/shared';
import { ApiError } from './api-error.ts';
import type { ClusterAccess, Credentials } from './cluster-access.ts';
import { abortable, withDeadline } from './deadline.ts';

export interface CredentialCacheOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Credentials older than this are read again before they are used. Default 60 s, as client-go does. */
  readonly maxAgeMs?: number;
  /** Budget of one read; an exec plugin may hang. Default 30 s. */
  readonly readTimeoutMs?: number;
}

/** The credentials in use. Callers at the same time share one read. */
export class CredentialCache {
  readonly #options: Required<CredentialCacheOptions>;
  #current: Credentials | undefined;
  #readAt = 0;
  #reading: Promise<Credentials> | undefined;

  constructor(options: CredentialCacheOptions) {
    this.#options = { maxAgeMs: 60_000, readTimeoutMs: 30_000, ...options };
  }

  /**
   * Credentials at most maxAgeMs old; older ones only while reading them anew fails.
   * @throws ApiError `NoCredentials`, retriable, when there are none.
   */
  async get(): Promise<Credentials> {
    const current = this.#current;
    if (current === undefined) return this.#read(false);
    if (this.#options.clock.monotonic() - this.#readAt <= this.#options.maxAgeMs) return current;
    try {
      return await this.#read(false);
    } catch (error) {
      // The old ones may still be good; if not, the server's 401 leads to `replace`.
      this.#options.logger.warn('cannot read the credentials for the API server again, using the old ones', { error });
      return current;
    }
  }

  /**
   * The server refused `rejected`: reads new ones, unless somebody did since.
   * @throws ApiError `NoCredentials`, retriable, when that fails.
   */
  async replace(rejected: Credentials): Promise<Credentials> {
    if (this.#current !== undefined && this.#current !== rejected) return this.#current;
    return this.#read(true);
  }

  async #read(fresh: boolean): Promise<Credentials> {
    this.#reading ??= this.#readOnce(fresh).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readOnce(fresh: boolean): Promise<Credentials> {
    const { access, clock, readTimeoutMs } = this.#options;
    try {
      const credentials = await withDeadline(
        {
          clock,
          timeoutMs: readTimeoutMs,
          timeoutError: () => new Error(`no credentials after ${String(readTimeoutMs)} ms`),
        },
        async (signal) => abortable(access.readCredentials(fresh), signal),
      );
      this.#current = credentials;
      this.#readAt = clock.monotonic();
      return credentials;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new ApiError(`cannot read the credentials for ${access.server}: ${message}`, {
        code: 0,
        reason: 'NoCredentials',
        cause: error,
      });
    }
  }
}
