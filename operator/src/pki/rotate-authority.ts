import type { Clock, Logger } from '@nodetask/shared';
import type { AuthorityStore } from './authority-store.ts';
import type { AuthorityState } from './ca-secret.ts';
import { nextLeaving, retain, sameBundle } from './retention.ts';
import { planRotation, rotate } from './rotation.ts';

export interface RotateAuthorityOptions {
  readonly store: AuthorityStore;
  /** Of the next CA. */
  readonly caLifetimeMs: number;
  /** How long a CA that signs no more stays trusted. */
  readonly keepMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Takes the next step of the CA's rotation where it is time for one, and lets go of CAs whose time is over.
 * @param published whether everybody has the bundle of `state`.
 * @returns when to look again, in milliseconds since the epoch.
 * @throws ApiError; Conflict where somebody else was faster.
 */
export const rotateAuthority = async (
  state: AuthorityState,
  published: boolean,
  { store, caLifetimeMs, keepMs, clock, logger }: RotateAuthorityOptions,
  signal: AbortSignal,
): Promise<number> => {
  const now = clock.now();
  const rotation = planRotation(state, { now, published });
  const { signer, next } = rotate(state, rotation.step, { now, lifetimeMs: caLifetimeMs });
  const inUse = [signer.certificate, ...(next === undefined ? [] : [next.certificate])];
  const bundle = retain(state.bundle, inUse, { now, keepMs });
  if (rotation.step === 'rest' && sameBundle(bundle, state.bundle)) {
    return Math.min(rotation.until, nextLeaving(bundle) ?? Infinity);
  }
  await store.write({ signer, ...(next === undefined ? {} : { next }), bundle }, signal);
  logger.info('rotated the CA', {
    step: rotation.step,
    signer: signer.certificate.subject,
    trusted: bundle.certificates.map(({ subject, validTo }) => `${subject} until ${validTo}`),
  });
  // The change of the Secret brings this back; where that is not seen, the next look does.
  return Infinity;
};
