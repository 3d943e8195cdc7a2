import { sleep } from '@nodetask/shared';
import { isAlreadyExists, isConflict } from './api-error.ts';
import { onAbort } from './deadline.ts';
import { type Fence, HeldLease } from './held-lease.ts';
import { completeTimings, type LeaderElectorOptions, type LeaderTimings } from './leader-options.ts';
import { LeadershipLostError } from './leadership-lost-error.ts';
import { LeaseClient } from './lease-client.ts';
import { LeaseObservation } from './lease-observation.ts';
import { TimerSlot } from './timer-slot.ts';

/**
 * What a leader does. `leaderSignal` aborts with LeadershipLostError when leadership is lost, and when the time to drain is over;
 * `fence` is higher than that of every former leader.
 */
export type OnLead = (leaderSignal: AbortSignal, fence: Fence) => Promise<void>;

/** A term of leadership. */
interface Term {
  readonly held: HeldLease;
  /** When the last successful renewal was sent. */
  renewedAt: number;
  /** Somebody else holds the Lease: there is nothing left to release. */
  taken: boolean;
}

/**
 * Sees to it that at most one process leads, by a Lease. A leader gives up renewDeadlineMs after it sent its last successful
 * renewal, others take over leaseDurationMs after they saw it: both by the time that passed on their own machine.
 * @see https://kubernetes.io/docs/concepts/architecture/leases/
 */
export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #timings: LeaderTimings;
  readonly #client: LeaseClient;
  readonly #observation: LeaseObservation;

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#timings = completeTimings(options.timings);
    this.#client = new LeaseClient({ ...options, leaseDurationMs: this.#timings.leaseDurationMs });
    this.#observation = new LeaseObservation(options.clock, this.#timings.leaseDurationMs);
  }

  /**
   * Waits for leadership, then runs `onLead` once. When `stop` aborts, `onLead` is expected to end by itself, for which it has
   * drainMs; the Lease is renewed meanwhile and released after.
   * @returns when nothing runs any more: `onLead` has ended, or `stop` aborted before there was leadership.
   * @throws LeadershipLostError; what `onLead` throws.
   */
  async run(stop: AbortSignal, onLead: OnLead): Promise<void> {
    const term = await this.#acquire(stop);
    if (term === undefined) return;
    if (stop.aborted) await this.#release(term);
    else await this.#lead(term, stop, onLead);
  }

  async #acquire(stop: AbortSignal): Promise<Term | undefined> {
    const { acquirePeriodMs, renewPeriodMs } = this.#timings;
    while (!stop.aborted) {
      try {
        const term = await this.#tryToAcquire(stop);
        if (term !== undefined) return term;
        await sleep(this.#options.clock, this.#spread(acquirePeriodMs), stop);
      } catch (error) {
        if (stop.aborted) break;
        this.#options.logger.warn('leader election: cannot read or take the Lease, trying again', { error });
        await sleep(this.#options.clock, this.#spread(renewPeriodMs), stop).catch(() => undefined);
      }
    }
    return undefined;
  }

  async #tryToAcquire(stop: AbortSignal): Promise<Term | undefined> {
    const { clock, identity, logger } = this.#options;
    const lease = await this.#client.get(this.#callMs, stop);
    this.#observation.see(lease);
    if (!this.#observation.mayBeTakenBy(identity)) return undefined;
    const fence = this.#observation.nextTransitions;
    const renewedAt = clock.monotonic();
    try {
      // Not ended by `stop`: it must be known whether there is something to release.
      const taken = await this.#client.take(lease, fence, this.#callMs);
      this.#observation.see(taken);
      const held = new HeldLease({ client: this.#client, identity, clock, logger, callMs: this.#callMs }, taken, fence);
      return { held, renewedAt, taken: false };
    } catch (error) {
      if (!isConflict(error) && !isAlreadyExists(error)) throw error;
      logger.info('leader election: somebody else was faster');
      return undefined;
    }
  }

  async #lead(term: Term, stop: AbortSignal, onLead: OnLead): Promise<void> {
    const { clock, identity, logger, metrics } = this.#options;
    const { held } = term;
    const leader = new AbortController();
    const ended = new AbortController();
    const drain = new TimerSlot(clock);
    const unlink = onAbort(stop, () => {
      drain.set(this.#timings.drainMs, () => {
        leader.abort(
          new Error(`the work of the leader had not ended ${String(this.#timings.drainMs)} ms after the stop`),
        );
      });
    });
    logger.info('leader election: leading', { identity, fence: held.value });
    metrics.leading(true);
    const renewing = this.#renew(term, leader, ended.signal);
    let abandoned = false;
    try {
      abandoned = !(await this.#endOf(onLead(leader.signal, held), leader.signal));
    } catch (error) {
      // What the work made of the abort is not the cause.
      if (!leader.signal.aborted) throw error;
    } finally {
      drain.cancel();
      unlink();
      ended.abort(new Error('the work of the leader has ended'));
      await renewing;
      metrics.leading(false);
      // While work may still run, nobody else may be invited.
      if (!abandoned && !term.taken) await this.#release(term);
    }
    if (abandoned)
      throw new LeadershipLostError(`${String(leader.signal.reason)}; and the work did not stop when it was aborted`);
    if (leader.signal.reason instanceof LeadershipLostError) throw leader.signal.reason;
  }

  /** Waits for `work`; false when it goes on for abandonMs after `signal` aborted. */
  async #endOf(work: Promise<void>, signal: AbortSignal): Promise<boolean> {
    const given = Promise.withResolvers<false>();
    const timer = new TimerSlot(this.#options.clock);
    const unlink = onAbort(signal, () => {
      timer.set(this.#timings.abandonMs, () => {
        given.resolve(false);
      });
    });
    try {
      return await Promise.race([work.then(() => true), given.promise]);
    } finally {
      timer.cancel();
      unlink();
    }
  }

  /** Renews until `ended`; aborts `leader` when that is not possible. Never rejects. */
  async #renew(term: Term, leader: AbortController, ended: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    const lose = (error: LeadershipLostError): void => {
      logger.error('leader election: lost', { why: error.message, fence: term.held.value });
      leader.abort(error);
    };
    const expiry = new TimerSlot(clock);
    const armExpiry = (): void => {
      expiry.set(term.renewedAt + this.#timings.renewDeadlineMs - clock.monotonic(), () => {
        const { renewDeadlineMs } = this.#timings;
        lose(new LeadershipLostError(`leadership lost: the Lease could not be renewed for ${renewDeadlineMs} ms`));
      });
    };
    armExpiry();
    const over = AbortSignal.any([leader.signal, ended]);
    while (!over.aborted) {
      try {
        await sleep(clock, this.#spread(this.#timings.renewPeriodMs), over);
        const sentAt = clock.monotonic();
        await term.held.renew(over);
        term.renewedAt = sentAt;
        armExpiry();
      } catch (error) {
        if (over.aborted) break;
        if (error instanceof LeadershipLostError) {
          term.taken = true;
          lose(error);
        } else logger.warn('leader election: cannot renew the Lease', { error });
      }
    }
    expiry.cancel();
  }

  /** Lets others take over at once. They do so in any case, later: a failure is only logged. */
  async #release({ held }: Term): Promise<void> {
    const { logger } = this.#options;
    try {
      await held.release();
      logger.info('leader election: released', { fence: held.value });
    } catch (error) {
      logger.warn('leader election: the Lease was not released and runs out by itself', { error });
    }
  }

  /** Budget of one call: several must fit before the deadline. */
  get #callMs(): number {
    return this.#timings.renewDeadlineMs / 2;
  }

  /** Up to a fifth longer, so that those that wait do not all come at once. */
  #spread(periodMs: number): number {
    return periodMs * (1 + this.#options.random() / 5);
  }
}
