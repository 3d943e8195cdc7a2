import { X509Certificate } from 'node:crypto';
import { certificateBlocks } from '@nodetask/runtime/foreign-text';

/** CA certificates that are trusted together. Text of a bundle is the same whenever its certificates are: comparing texts is enough. */

/** More than that is no bundle of ours: each rotation adds one, and it leaves again. */
const maxCertificates = 32;

/**
 * The certificates of a PEM text, in their order.
 * @throws Error where one cannot be read, or there are more than 32.
 */
export const parseCertificates = (pem: string): readonly X509Certificate[] => {
  const blocks = certificateBlocks(pem);
  if (blocks.length > maxCertificates) {
    throw new Error(`${blocks.length} certificates, more than the ${maxCertificates} that a bundle may have`);
  }
  return blocks.map((text) => new X509Certificate(text));
};

/** PEM, one after the other. */
export const certificatesText = (certificates: readonly X509Certificate[]): string =>
  certificates.map((certificate) => certificate.toString()).join('');

/** Each certificate once, the oldest first. */
export const joinBundles = (...bundles: readonly (readonly X509Certificate[])[]): readonly X509Certificate[] => {
  const each = new Map(bundles.flat().map((certificate) => [certificate.fingerprint256, certificate]));
  return [...each.values()].toSorted(
    (a, b) => a.validFromDate.getTime() - b.validFromDate.getTime() || (a.fingerprint256 < b.fingerprint256 ? -1 : 1),
  );
};

/** Whether a certificate leads to one of the bundle: its chain's last one is signed by it, or in it. */
export const leadsTo = (chain: readonly X509Certificate[], bundle: readonly X509Certificate[]): boolean => {
  const last = chain.at(-1);
  return last !== undefined && bundle.some((root) => isIssuer(root, last));
};

const isIssuer = (root: X509Certificate, certificate: X509Certificate): boolean =>
  root.fingerprint256 === certificate.fingerprint256 ||
  (certificate.checkIssued(root) && certificate.verify(root.publicKey));
