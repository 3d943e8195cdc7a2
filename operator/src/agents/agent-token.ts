import { readFile } from 'node:fs/promises';
import type { Clock } from '@nodetask/shared';

/** Age at which the file is read again. */
const maxAgeMs = 10_000;

/** The bearer token of the agents, from a file that may be rotated. Without a file there is no token: agents on loopback take none. */
export class AgentToken {
  readonly #file: string | undefined;
  readonly #clock: Clock;
  #known: { readonly token: string; readonly at: number } | undefined;

  constructor(file: string | undefined, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
  }

  /**
   * @param fresh true after a 401: nothing remembered is used.
   * @throws Error that names the file where it cannot be read or has no token in it.
   */
  async read(fresh: boolean): Promise<string | undefined> {
    if (this.#file === undefined) return undefined;
    const now = this.#clock.monotonic();
    if (!fresh && this.#known !== undefined && now - this.#known.at < maxAgeMs) return this.#known.token;
    const text = await readFile(this.#file, 'utf8');
    // While tokens are rotated agents take several, one a line; the first is the one to send.
    const token = text
      .split('\n')
      .map((line) => line.trim())
      .find((line) => line !== '');
    if (token === undefined || !/^[\x21-\x7e]+$/.test(token)) {
      throw new Error(
        `the agent token file ${this.#file} holds no token: one line of printable characters is expected`,
      );
    }
    this.#known = { token, at: now };
    return token;
  }
}
