import type { X509Certificate } from 'node:crypto';
import { joinBundles } from './trust-bundle.ts';

/** A bundle, with the time at which those that sign no more leave it. */
export interface RetainingBundle {
  readonly certificates: readonly X509Certificate[];
  /** Milliseconds since the epoch by SHA-256 fingerprint; those that are in use have none. */
  readonly leaving: ReadonlyMap<string, number>;
}

/**
 * The bundle after `former`, now that `current` are the CAs in use: one that is in use no more stays for `keepMs`, in which all that it
 * signed ends or is renewed, or until it ends itself.
 */
export const retain = (
  former: RetainingBundle,
  current: readonly X509Certificate[],
  { now, keepMs }: { readonly now: number; readonly keepMs: number },
): RetainingBundle => {
  const inUse = new Set(current.map(({ fingerprint256 }) => fingerprint256));
  const kept = former.certificates
    .filter(({ fingerprint256 }) => !inUse.has(fingerprint256))
    .map((certificate) => ({ certificate, at: former.leaving.get(certificate.fingerprint256) ?? now + keepMs }))
    .filter(({ certificate, at }) => now < Math.min(at, certificate.validToDate.getTime()));
  return {
    certificates: joinBundles(
      current,
      kept.map(({ certificate }) => certificate),
    ),
    leaving: new Map(kept.map(({ certificate, at }) => [certificate.fingerprint256, at])),
  };
};

/** When `retain` would next let one go; undefined: all are in use. */
export const nextLeaving = ({ certificates, leaving }: RetainingBundle): number | undefined => {
  const times = certificates.flatMap(({ fingerprint256, validToDate }) => {
    const at = leaving.get(fingerprint256);
    return at === undefined ? [] : [Math.min(at, validToDate.getTime())];
  });
  return times.length === 0 ? undefined : Math.min(...times);
};

/** Whether two bundles say the same. */
export const sameBundle = (a: RetainingBundle, b: RetainingBundle): boolean => textOf(a) === textOf(b);

const textOf = ({ certificates, leaving }: RetainingBundle): string =>
  JSON.stringify(certificates.map(({ fingerprint256 }) => [fingerprint256, leaving.get(fingerprint256)]));
