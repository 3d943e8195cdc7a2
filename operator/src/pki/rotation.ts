import { type CertificateAuthority, createAuthority } from './certificate-authority.ts';
import { lifeOf, renewalOf } from './life.ts';

/** The CAs that are in use: the one that signs, and the one that will, which is trusted already. */
export interface Authorities {
  readonly signer: CertificateAuthority;
  readonly next?: CertificateAuthority;
}

/**
 * What is to be done about the CA:
 *   rest     nothing before `until`
 *   stage    a next one is made, which is trusted from then on and signs nothing yet
 *   promote  the next one signs from now on
 *   replace  the one that signs has ended: a new one signs at once, as nobody is left whom that could disturb
 */
export type Rotation =
  { readonly step: 'rest'; readonly until: number } | { readonly step: 'stage' | 'promote' | 'replace' };

/** How often it is looked whether the bundle has reached everybody by now. */
const publicationRetryMs = 10_000;

/**
 * Decides on the next step of a rotation. The next CA comes when two thirds of the life of the signing one are over, and signs half of the rest
 * later, if by then the bundle with it is `published` everywhere; where that fails for good, it signs when three quarters of the rest are over: at the
 * end of the signing one nothing would work at all.
 */
export const planRotation = (
  { signer, next }: Authorities,
  { now, published }: { readonly now: number; readonly published: boolean },
): Rotation => {
  const life = lifeOf(signer.certificate);
  if (now >= life.endsAt) return { step: 'replace' };
  if (next === undefined) {
    const stageAt = renewalOf(life);
    return now >= stageAt ? { step: 'stage' } : { step: 'rest', until: stageAt };
  }
  const { issuedAt: stagedAt } = lifeOf(next.certificate);
  const rest = life.endsAt - stagedAt;
  const promoteAt = stagedAt + rest / 2;
  if (now < promoteAt) return { step: 'rest', until: promoteAt };
  if (published || now >= stagedAt + (rest * 3) / 4) return { step: 'promote' };
  return { step: 'rest', until: now + publicationRetryMs };
};

/** The CAs after a step. */
export const rotate = (
  { signer, next }: Authorities,
  step: Rotation['step'],
  { now, lifetimeMs }: { readonly now: number; readonly lifetimeMs: number },
): Authorities => {
  if (step === 'rest') return { signer, ...(next === undefined ? {} : { next }) };
  if (step === 'stage') return { signer, next: createAuthority(now, lifetimeMs) };
  return { signer: usable(next, now) ?? createAuthority(now, lifetimeMs) };
};

const usable = (next: CertificateAuthority | undefined, now: number): CertificateAuthority | undefined =>
  next !== undefined && now < lifeOf(next.certificate).endsAt ? next : undefined;
