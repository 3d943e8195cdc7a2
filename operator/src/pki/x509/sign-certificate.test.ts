import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type CertificateContent, signCertificate } from './sign-certificate.ts';

const ec = (namedCurve = 'P-256') => generateKeyPairSync('ec', { namedCurve });
const now = Date.parse('2026-11-28T12:00:00.789Z');
const hour = 3_600_000;

const content = (publicKey: KeyObject, more: Partial<CertificateContent> = {}): CertificateContent => ({
  commonName: 'a name',
  use: 'server',
  publicKey,
  notBefore: now - hour,
  notAfter: now + hour,
  ...more,
});

const certify = (keys = ec()): { certificate: X509Certificate; privateKey: KeyObject } => ({
  certificate: signCertificate(content(keys.publicKey, { use: 'ca' }), keys),
  privateKey: keys.privateKey,
});

/** Whether the peer is there that says what certificates are worth to others. */
const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not installed';

/** What openssl, which shares no code with what made it, says of a certificate. */
const said = (certificate: X509Certificate): string =>
  execFileSync('openssl', ['x509', '-noout', '-text', '-nameopt', 'RFC2253'], { input: certificate.toString() })
    .toString()
    .replaceAll(/\s+/g, ' ');

/** Verdict of `openssl verify`: the whole chain, for a purpose. */
const verify = (leaf: X509Certificate, root: X509Certificate, ...more: string[]): string => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'nodetask-verify-'));
  const file = (name: string, { raw }: X509Certificate): string => {
    writeFileSync(join(folder.path, name), new X509Certificate(raw).toString());
    return join(folder.path, name);
  };
  const args = [
    'verify',
    '-x509_strict',
    '-attime',
    String(Math.floor(now / 1000)),
    '-CAfile',
    file('ca', root),
    ...more,
  ];
  try {
    return execFileSync('openssl', [...args, file('leaf', leaf)], { stdio: 'pipe' }).toString();
  } catch (error) {
    return String((error as { stderr?: Buffer }).stderr);
  }
};

test('a CA signs and does nothing else', { skip }, () => {
  const { certificate } = certify();
  const text = said(certificate);
  assert.match(text, /Basic Constraints: critical CA:TRUE, pathlen:0/);
  assert.match(text, /X509v3 Key Usage: critical Certificate Sign, CRL Sign/);
  assert.doesNotMatch(text, /Extended Key Usage|Digital Signature/);
  assert.equal(certificate.validFromDate.toISOString(), '2026-11-28T11:00:00.000Z');
  assert.equal(certificate.validToDate.toISOString(), '2026-11-28T13:00:00.000Z');
});

test('a server serves, a client calls, and openssl verifies neither for the other', { skip }, () => {
  const ca = certify();
  const names = { dnsNames: ['a.example', 'b.example'], ipAddresses: ['127.0.0.1', '::1'], uris: ['spiffe://x/y'] };
  const server = signCertificate(content(ec().publicKey, names), ca);
  const client = signCertificate(content(ec().publicKey, { use: 'client' }), ca);
  assert.match(said(server), /Extended Key Usage: TLS Web Server Authentication X509v3/);
  assert.match(said(client), /Extended Key Usage: TLS Web Client Authentication X509v3/);
  assert.equal(
    server.subjectAltName,
    'DNS:a.example, DNS:b.example, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, URI:spiffe://x/y',
  );
  assert.match(verify(server, ca.certificate, '-purpose', 'sslserver', '-verify_hostname', 'b.example'), /: OK/);
  assert.match(verify(client, ca.certificate, '-purpose', 'sslclient'), /: OK/);
  assert.match(verify(server, ca.certificate, '-purpose', 'sslclient'), /(unsuitable|unsupported) certificate purpose/);
  assert.match(verify(client, ca.certificate, '-purpose', 'sslserver'), /(unsuitable|unsupported) certificate purpose/);
  assert.match(verify(server, certify().certificate), /unable to get local issuer certificate/);
  assert.match(verify(server, ca.certificate, '-verify_hostname', 'c.example'), /hostname mismatch/);
});

test('the key of a leaf is the one that was given, its serial a new one each time', () => {
  const ca = certify();
  const { publicKey } = ec();
  const [one, other] = [signCertificate(content(publicKey), ca), signCertificate(content(publicKey), ca)];
  assert.ok(one.publicKey.equals(createPublicKey(publicKey.export({ type: 'spki', format: 'pem' }))));
  assert.notEqual(one.serialNumber, other.serialNumber);
  assert.match(one.serialNumber, /^[4-7][0-9A-F]{31}$/);
});

test('a life beyond 2049 is written in the other form that RFC 5280 has for it', () => {
  const ends = Date.parse('2060-01-02T03:04:05Z');
  const { publicKey, privateKey } = ec();
  const certificate = signCertificate(content(publicKey, { use: 'ca', notAfter: ends }), { privateKey });
  assert.equal(certificate.validToDate.getTime(), ends);
});

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const kinds: Record<string, { publicKey: KeyObject; privateKey: KeyObject }> = {
  'P-384': ec('P-384'),
  'P-521': ec('P-521'),
  RSA: rsa,
  Ed25519: generateKeyPairSync('ed25519'),
};
for (const [kind, keys] of Object.entries(kinds)) {
  test(`a CA of somebody else may have a key of ${kind}`, { skip }, () => {
    const ca = certify(keys);
    const leaf = signCertificate(content(ec().publicKey, { dnsNames: ['a.example'] }), ca);
    assert.match(verify(leaf, ca.certificate, '-purpose', 'sslserver'), /: OK/);
  });
}

test('the name and the key identifier of the issuer are those of its certificate, whoever made it', { skip }, () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'nodetask-openssl-'));
  const [key, cert] = [join(folder.path, 'key'), join(folder.path, 'cert')];
  const subject = '/C=DE/O=Müller & Söhne, GmbH/OU=a+OU=b/CN=ops@example.com';
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3650'];
  const extensions = ['-addext', 'keyUsage=critical,keyCertSign', '-addext', 'subjectKeyIdentifier=none'];
  for (const more of [[], extensions]) {
    const options = [...request, ...more, '-utf8', '-multivalue-rdn', '-subj', subject, '-keyout', key, '-out', cert];
    execFileSync('openssl', options, { stdio: 'pipe' });
    const privateKey = execFileSync('openssl', ['pkey', '-in', key]).toString();
    const certificate = new X509Certificate(execFileSync('openssl', ['x509', '-in', cert]));
    const signer = { certificate, privateKey: createPrivateKey(privateKey) };
    const leaf = signCertificate(content(ec().publicKey), signer);
    assert.ok(leaf.checkIssued(certificate) && leaf.verify(certificate.publicKey));
  }
});

test('a key that signs no certificates is refused with its kind', () => {
  const keys = generateKeyPairSync('x25519');
  assert.throws(() => signCertificate(content(keys.publicKey), keys), /key of type x25519 cannot sign.*use EC/);
});
