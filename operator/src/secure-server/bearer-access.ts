import { createHash } from 'node:crypto';
import type { Clock } from '@nodetask/shared';
import type { KubeTransport } from '../kube/kube-transport.ts';
import { LruMap } from '../kube/lru-map.ts';
import { mayAccess, type NonResourceRequest } from '../kube/subject-access-review.ts';
import { TokenBucket } from '../kube/token-bucket.ts';
import { reviewToken } from '../kube/token-review.ts';

/** `overloaded`: too many tokens that were not known had to be looked up. */
export type Access = 'allowed' | 'forbidden' | 'unauthenticated' | 'overloaded';

export interface BearerAccessOptions {
  readonly transport: KubeTransport;
  readonly clock: Clock;
  readonly request: NonResourceRequest;
}

/** How long an answer of the API server holds: a right that was taken away ends, and one that was given begins, within this time. */
const allowedMs = 60_000;
const refusedMs = 10_000;
const mostRemembered = 128;
/** Lookups of tokens that are not remembered: each is two calls to the API server, and anybody may send tokens. */
const lookups = { perSecond: 5, burst: 20 };

interface Verdict {
  readonly access: Access;
  readonly until: number;
}

/**
 * Judges bearer tokens as kube-rbac-proxy and controller-runtime's WithAuthenticationAndAuthorization do: by TokenReview and
 * SubjectAccessReview. Answers are remembered for a short time, under a hash of the token.
 */
export class BearerAccess {
  readonly #options: BearerAccessOptions;
  readonly #remembered = new LruMap<string, Verdict>(mostRemembered);
  readonly #underWay = new Map<string, Promise<Access>>();
  readonly #bucket: TokenBucket;

  constructor(options: BearerAccessOptions) {
    this.#options = options;
    this.#bucket = new TokenBucket({ ...lookups, clock: options.clock });
  }

  /**
   * @param authorization the header.
   * @throws ApiError where the API server cannot be asked.
   */
  async judge(authorization: string | undefined): Promise<Access> {
    const token = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return 'unauthenticated';
    const key = createHash('sha256').update(token).digest('hex');
    const known = this.#remembered.get(key);
    if (known !== undefined && known.until > this.#options.clock.monotonic()) return known.access;
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    if (!this.#bucket.take()) return 'overloaded';
    const lookup = this.#lookUp(key, token).finally(() => {
      this.#underWay.delete(key);
    });
    this.#underWay.set(key, lookup);
    return lookup;
  }

  async #lookUp(key: string, token: string): Promise<Access> {
    const { transport, clock, request } = this.#options;
    const user = await reviewToken(transport, token);
    const access =
      user === undefined ? 'unauthenticated' : (await mayAccess(transport, user, request)) ? 'allowed' : 'forbidden';
    const holdsMs = access === 'allowed' ? allowedMs : refusedMs;
    this.#remembered.set(key, { access, until: clock.monotonic() + holdsMs });
    return access;
  }
}
