/** The fence is the leaseTransitions of a Lease, an int32. */
export const maxFence = 2 ** 31 - 1;

/** A Lease that is made anew counts on from the seconds since then. */
export const newLeaseSince = Date.UTC(2020, 0, 1);
