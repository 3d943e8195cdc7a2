/** Times of certificates, in milliseconds since the epoch. */

/** How far a certificate begins in the past: the clocks of nodes differ. */
export const backdateMs = 5 * 60_000;

export interface Life {
  readonly issuedAt: number;
  readonly endsAt: number;
}

/** The life of a certificate that this operator made: it began `backdateMs` after its notBefore. */
export const lifeOf = ({ validFromDate, validToDate }: { validFromDate: Date; validToDate: Date }): Life => ({
  issuedAt: validFromDate.getTime() + backdateMs,
  endsAt: validToDate.getTime(),
});

/** When two thirds of a life are over: enough is left to try again many times. */
export const renewalOf = ({ issuedAt, endsAt }: Life): number => issuedAt + (2 / 3) * (endsAt - issuedAt);

/** So long at most: the clock by which certificates end may jump, or has stood still while the machine slept. */
const lookAgainMs = 30_000;
/** So long at least: what is due and could not be done is no reason to do nothing else. */
const leastPauseMs = 100;

/** Milliseconds until the next look at something that is due at `at`. */
export const untilNextLook = (at: number, now: number): number =>
  Math.min(lookAgainMs, Math.max(leastPauseMs, at - now));
