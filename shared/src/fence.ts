/** The fence is the leaseTransitions of a Lease, an int32. */
export const maxFence = 2 ** 31 - 1;

/** The least that an acquisition of a Lease counts on from is the seconds since then. */
export const newLeaseSince = Date.UTC(2020, 0, 1);

const secondsOfDay = 86_400;

/** A clock that says an earlier time was never set: a machine without NTP begins in 1970. It judges no fence. */
const clockSince = Date.UTC(2026, 0, 1);

/**
 * The highest fence that can be right at `now`, in milliseconds since the epoch: each acquisition of the Lease takes at least the seconds since 2020, and
 * there is less than one a second. A day is for clocks that differ.
 */
export const highestFenceAt = (now: number): number =>
  now < clockSince ? maxFence : Math.min(maxFence, Math.floor((now - newLeaseSince) / 1000) + secondsOfDay);
