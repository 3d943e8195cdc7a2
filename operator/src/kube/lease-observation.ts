import type { Clock } from '@nodetask/shared';
import { type Lease, nextFence } from './lease.ts';

/**
 * What this process has seen of a Lease. Whether it has run out is judged by how long this process has not seen it change, never
 * by the times inside: those are of another machine's clock.
 */
export class LeaseObservation {
  readonly #clock: Clock;
  readonly #defaultDurationMs: number;
  #lease: Lease | undefined;
  #record: string | undefined;
  #changedAt = 0;
  #highestTransitions = 0;

  constructor(clock: Clock, defaultDurationMs: number) {
    this.#clock = clock;
    this.#defaultDurationMs = defaultDurationMs;
  }

  /** Takes in the Lease as just read; undefined: there is none. */
  see(lease: Lease | undefined): void {
    const record = lease === undefined ? undefined : JSON.stringify([lease.metadata.uid, lease.spec]);
    if (record !== this.#record) this.#changedAt = this.#clock.monotonic();
    this.#record = record;
    this.#lease = lease;
    this.#highestTransitions = Math.max(this.#highestTransitions, lease?.spec?.leaseTransitions ?? 0);
  }

  /**
   * Whether `identity` may take the Lease. One that says `identity` itself may be taken too: it is what an acquisition left whose
   * answer got lost.
   */
  mayBeTakenBy(identity: string): boolean {
    const spec = this.#lease?.spec;
    const holder = spec?.holderIdentity ?? '';
    if (holder === '' || holder === identity) return true;
    const { leaseDurationSeconds } = spec ?? {};
    const durationMs = leaseDurationSeconds === undefined ? this.#defaultDurationMs : leaseDurationSeconds * 1000;
    return this.#clock.monotonic() - this.#changedAt > durationMs;
  }

  /** The fence of the next acquisition: higher than any before, even if somebody deleted the Lease or put it back from a backup. */
  get nextTransitions(): number {
    return nextFence(this.#highestTransitions, this.#clock.now());
  }
}
