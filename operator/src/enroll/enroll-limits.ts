import type { Clock } from '@nodetask/shared';
import { LruMap } from '../kube/lru-map.ts';
import { TokenBucket } from '../kube/token-bucket.ts';

/** How much enrolment may cost the API server, and how much of it one caller may have. */
export interface EnrollRates {
  /** Requests whose token is with the API server at the same time. */
  readonly inFlight: number;
  /** Of one address, which may stand for a node: each request costs a TokenReview. */
  readonly perAddress: { readonly perSecond: number; readonly burst: number };
  /** Of one pod: each certificate costs a signature. */
  readonly perPod: { readonly perSecond: number; readonly burst: number };
}

export const defaultRates: EnrollRates = {
  inFlight: 16,
  perAddress: { perSecond: 5, burst: 50 },
  perPod: { perSecond: 0.2, burst: 10 },
};

/** Callers that are remembered; who is forgotten begins anew. */
const maxCallers = 4096;

/** Keeps enrolment within its rates. */
export class EnrollLimits {
  readonly #rates: EnrollRates;
  readonly #clock: Clock;
  readonly #buckets = new LruMap<string, TokenBucket>(maxCallers);
  #inFlight = 0;

  constructor(clock: Clock, rates: EnrollRates = defaultRates) {
    this.#clock = clock;
    this.#rates = rates;
  }

  /** Whether a request from this address may be looked at; if so, until `leave`. */
  enter(address: string): boolean {
    if (this.#inFlight >= this.#rates.inFlight) return false;
    if (!this.#take(`address ${address}`, this.#rates.perAddress)) return false;
    this.#inFlight += 1;
    return true;
  }

  leave(): void {
    this.#inFlight -= 1;
  }

  /** Whether this pod may have one more certificate now. */
  mayIssue(podUID: string): boolean {
    return this.#take(`pod ${podUID}`, this.#rates.perPod);
  }

  #take(key: string, rate: EnrollRates['perPod']): boolean {
    const bucket = this.#buckets.get(key) ?? new TokenBucket({ ...rate, clock: this.#clock });
    this.#buckets.set(key, bucket);
    return bucket.take();
  }
}
