import { type Clock, highestFenceAt, type Logger, sleep } from '@nodetask/shared';
import { isConflict, isNotFound } from './api-error.ts';
import { LeadershipLostError } from './leadership-lost-error.ts';
import type { LeaseClient } from './lease-client.ts';
import type { Lease } from './lease.ts';
import { Turns } from './turns.ts';

/** The fence of a leader: leaseTransitions of its Lease. It rises with each leader, and within a term if it has to. */
export interface Fence {
  readonly value: number;
  /**
   * Rises above a fence that somebody has seen, as it may after the Lease was put back from a backup. The API server takes it from nobody but the holder of the
   * Lease, hence whoever has raised it leads.
   * @returns false if no fence as high as `above` can be right: `value` stays as it was, and this process leads all the same
   * @throws LeadershipLostError; ApiError if the API server does not answer; the reason of `signal`
   */
  raise(above: number, signal: AbortSignal): Promise<boolean>;
}

export interface HeldLeaseOptions {
  readonly client: LeaseClient;
  readonly identity: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Budget of one call, in milliseconds. */
  readonly callMs: number;
}

/** Between two raises: an agent that always says that it has seen more does not make the operator write without end. */
const raiseEveryMs = 1_000;

/**
 * A Lease that this process has taken. Its writes come one after the other, each guarded by the version last read: a write that is refused shows whether
 * somebody else holds the Lease, or has only touched it.
 */
export class HeldLease implements Fence {
  readonly #options: HeldLeaseOptions;
  readonly #turns = new Turns();
  #lease: Lease;
  #fence: number;
  #raisedAt = -Infinity;

  constructor(options: HeldLeaseOptions, lease: Lease, fence: number) {
    this.#options = options;
    this.#lease = lease;
    this.#fence = fence;
  }

  get value(): number {
    return this.#fence;
  }

  /** @throws LeadershipLostError; ApiError; the reason of `signal` */
  async renew(signal: AbortSignal): Promise<void> {
    const { client, callMs } = this.#options;
    await this.#write(signal, async (lease) => client.renew(lease, this.#fence, callMs, signal));
  }

  async raise(above: number, signal: AbortSignal): Promise<boolean> {
    const { client, clock, callMs, logger } = this.#options;
    if (this.#fence > above) return true;
    if (above >= highestFenceAt(clock.now())) {
      await this.renew(signal);
      return false;
    }
    const waitMs = this.#raisedAt + raiseEveryMs - clock.monotonic();
    if (waitMs > 0) await sleep(clock, waitMs, signal);
    await this.#write(signal, async (lease) => {
      // Another call may have raised it while this one waited.
      if (this.#fence > above) return lease;
      const raised = await client.renew(lease, above + 1, callMs, signal);
      logger.warn(
        'a fence higher than that of the Lease has been seen, as after a restore of it: the Lease is raised',
        {
          fence: this.#fence,
          seen: above,
        },
      );
      this.#fence = above + 1;
      this.#raisedAt = clock.monotonic();
      return raised;
    });
    return true;
  }

  /** Leaves the Lease without a holder. @throws LeadershipLostError; ApiError */
  async release(): Promise<void> {
    const { client, callMs } = this.#options;
    await this.#write(new AbortController().signal, async (lease) => client.release(lease, this.#fence, callMs));
  }

  async #write(signal: AbortSignal, write: (lease: Lease) => Promise<Lease>): Promise<void> {
    const turn = await this.#turns.take(signal);
    try {
      this.#lease = await write(this.#lease);
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
      // A write whose answer got lost moved the version as well.
      this.#lease = await this.#readOwn(signal);
      this.#lease = await write(this.#lease);
    } finally {
      turn[Symbol.dispose]();
    }
  }

  /** The Lease as it is now, if this process still holds it. A fence that somebody wrote into it does not count. */
  async #readOwn(signal: AbortSignal): Promise<Lease> {
    const { client, identity, callMs } = this.#options;
    const lease = await client.get(callMs, signal);
    if (lease === undefined) throw new LeadershipLostError('leadership lost: the Lease was deleted');
    const { holderIdentity = '' } = lease.spec ?? {};
    if (holderIdentity === identity) return lease;
    throw new LeadershipLostError(`leadership lost: the Lease is held by ${JSON.stringify(holderIdentity)}`);
  }
}
