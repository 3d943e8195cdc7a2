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
