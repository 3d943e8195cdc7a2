import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { bits, generalizedTime, integer, oid, sequence, set, text, utcTime } from './der.ts';
import { type Credentials, readCredentials } from './credentials.ts';

const ecdsaWithSHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const commonName = oid(0x55, 0x04, 0x03);
const subject = sequence(set(sequence(commonName, text('nodetask-agent without a certificate'))));
/** "No well-defined expiration date". https://datatracker.ietf.org/doc/html/rfc5280#section-4.1.2.5 */
const always = sequence(utcTime('700101000000Z'), generalizedTime('99991231235959Z'));

/**
 * A certificate that signs itself and says nothing: what the agent shows until it has one of the operator's CA. Probes of the kubelet,
 * which look at no certificate, are answered with it; everybody else refuses it.
 */
export const makePlaceholder = (): Credentials => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const serial = randomBytes(8);
  // Positive, and with no byte too many.
  serial[0] = 0x40 | ((serial[0] ?? 0) & 0x3f);
  // Version 1: the others only add extensions.
  const body = sequence(
    integer(serial),
    ecdsaWithSHA256,
    subject,
    always,
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const certificate = sequence(body, ecdsaWithSHA256, bits(sign('sha256', body, privateKey)));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return readCredentials(
    privateKey.export({ type: 'pkcs8', format: 'pem' }),
    `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
  );
};
