import type { Fence } from '../held-lease.ts';
import { LeadershipLostError } from '../leadership-lost-error.ts';

/** The fence of an operator that leads: it rises above any that somebody has seen. */
export class RisingFence implements Fence {
  value: number;

  constructor(value: number) {
    this.value = value;
  }

  async raise(above: number): Promise<boolean> {
    this.value = Math.max(this.value, above + 1);
    return Promise.resolve(true);
  }
}

/** The fence of an operator whose Lease somebody else has by now. */
export const lostFence = (value: number): Fence => ({
  value,
  raise: async () => Promise.reject(new LeadershipLostError('leadership lost: the Lease is held by "another"')),
});
