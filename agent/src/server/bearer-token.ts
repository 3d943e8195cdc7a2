import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Clock, Logger } from '@nodetask/shared';

/** However the file's times look, it is read again after this long. */
const maxAgeMs = 10_000;
const maxFileBytes = 64 * 1024;

/** The file with the token cannot be used. */
export class TokenFileError extends Error {
  override readonly name = 'TokenFileError';
}

/**
 * The tokens that callers may send, one a line: two lines while one replaces the other. The file is looked at with every
 * request and read when it has changed, so that a rotation needs no restart. A file that can no longer be read lets nobody in.
 */
export class BearerTokens {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #digests: readonly Buffer[] = [];
  #stamp = '';
  #readAt = Number.NEGATIVE_INFINITY;
  #complained = false;

  /** @throws TokenFileError where the file cannot be read or has no token */
  constructor(path: string, clock: Clock, logger: Logger) {
    this.#path = path;
    this.#clock = clock;
    this.#logger = logger;
    this.#read();
  }

  /** Whether the value of an Authorization header carries one of the tokens; takes the same time however wrong it is. */
  accepts(authorization: string | undefined): boolean {
    this.#refresh();
    const candidate = digest(/^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1] ?? '');
    let accepted = false;
    for (const known of this.#digests) accepted = timingSafeEqual(known, candidate) || accepted;
    return accepted;
  }

  #refresh(): void {
    try {
      if (this.#clock.monotonic() - this.#readAt >= maxAgeMs || stamp(this.#path) !== this.#stamp) this.#read();
      this.#complained = false;
    } catch (error) {
      this.#digests = [];
      if (!this.#complained)
        this.#logger.error('the token file cannot be used: nobody is let in', { path: this.#path, error });
      this.#complained = true;
    }
  }

  #read(): void {
    let text: string;
    let seen: string;
    try {
      seen = stamp(this.#path);
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      throw new TokenFileError(
        `The token file ${this.#path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    }
    const tokens = text
      .slice(0, maxFileBytes)
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    if (tokens.length === 0) throw new TokenFileError(`The token file ${this.#path} has no token in it.`);
    this.#digests = tokens.map(digest);
    this.#stamp = seen;
    this.#readAt = this.#clock.monotonic();
  }
}

/** Equal lengths for the comparison. An absent token becomes the digest of nothing, which no line of the file has. */
const digest = (token: string): Buffer => createHash('sha256').update(token).digest();

const stamp = (path: string): string => {
  const { ino, mtimeNs, size } = statSync(path, { bigint: true });
  return `${String(ino)} ${String(mtimeNs)} ${String(size)}`;
};
