import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@nodetask/shared';

/** The kubelet renews a token long before it ends; a minute is what client-go waits too. */
const maxTokenAgeMs = 60_000;

/** The files of a pod's service account, read afresh: the kubelet renews the token, and administrators the CA. */
export class ServiceAccount {
  readonly #folder: string;
  readonly #clock: Clock;
  #token: string | undefined;
  #ca: Buffer | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  /** Token and CA, at most a minute old. @throws where a file cannot be read */
  async credentials(): Promise<{ readonly token: string; readonly ca: Buffer }> {
    if (
      this.#token === undefined ||
      this.#ca === undefined ||
      this.#clock.monotonic() - this.#readAt >= maxTokenAgeMs
    ) {
      const [token, ca] = await Promise.all([
        readFile(join(this.#folder, 'token'), 'utf8'),
        readFile(join(this.#folder, 'ca.crt')),
      ]);
      this.#readAt = this.#clock.monotonic();
      this.#token = token.trim();
      // The same Buffer as long as the CA is the same: whoever compares sees a change.
      if (this.#ca === undefined || !this.#ca.equals(ca)) this.#ca = ca;
    }
    return { token: this.#token, ca: this.#ca };
  }

  /** The API server does not take the token any more. */
  invalidate(): void {
    this.#readAt = Number.NEGATIVE_INFINITY;
  }
}

/** The namespace that the service account says. */
export const readNamespace = async (folder: string): Promise<string> =>
  (await readFile(join(folder, 'namespace'), 'utf8')).trim();
