import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { readCertificates } from './read-certificates.ts';

/** A private key and the certificate for it, which fit each other. */
export interface Credentials {
  /** PEM; goes to TLS and into the identity's own file, and nowhere else. */
  readonly key: string;
  /** PEM: the certificate first, then what leads to the CA. */
  readonly chain: string;
  readonly certificate: X509Certificate;
  readonly others: readonly X509Certificate[];
}

/**
 * @param keyText PEM with a private key in it, whatever else. @param chainText PEM with certificates.
 * @throws Error that says what is wrong with the two, and quotes neither
 */
export const readCredentials = (keyText: string, chainText: string): Credentials => {
  const [certificate, ...others] = readCertificates(chainText);
  if (certificate === undefined) throw new Error('there is no certificate in PEM form');
  const privateKey = readKey(keyText);
  if (!certificate.checkPrivateKey(privateKey)) throw new Error('the certificate is for another key');
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const chain = [certificate, ...others].map(String).join('');
  // Keys that are too small, algorithms that are too old: TLS is asked itself.
  createSecureContext({ key, cert: chain });
  return { key, chain, certificate, others };
};

const readKey = (text: string): KeyObject => {
  try {
    return createPrivateKey(text);
  } catch (error) {
    throw new Error('there is no private key in PEM form, without a passphrase', { cause: error });
  }
};
