import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, type X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { base64, CASecretError, caSecretPatch, keyText, readCASecret, type Secret } from './ca-secret.ts';
import { createAuthority } from './certificate-authority.ts';
import { issueLeaf, renewLeafAt } from './leaf.ts';
import { leavingAnnotation } from './leaving-annotation.ts';
import { backdateMs } from './life.ts';
import { operatorProfile } from './profiles.ts';
import { certificatesText, leadsTo } from './trust-bundle.ts';
import { signCertificate } from './x509/sign-certificate.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const hour = 3_600_000;
const metadata = { namespace: 'nodetask-system', name: 'nodetask-ca', uid: 'u', resourceVersion: '1' };
const year = 365 * 24 * hour;
const signer = createAuthority(now, year);
const next = createAuthority(now + hour, year);

const secretOf = (texts: Readonly<Record<string, string>>, annotations = {}): Secret => ({
  metadata: { ...metadata, annotations },
  data: Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, base64(text)])),
});

const pair = (certificate: X509Certificate, key: KeyObject) => ({
  'tls.crt': certificatesText([certificate]),
  'tls.key': keyText(key),
});

test('what is written is what is read', () => {
  const leaving = new Map([[signer.certificate.fingerprint256, now + hour]]);
  const state = { signer, next, bundle: { certificates: [signer.certificate, next.certificate], leaving } };
  const { data, annotations } = caSecretPatch(state);
  const read = readCASecret({
    metadata: { ...metadata, annotations: annotations as Record<string, string> },
    data: data as Record<string, string>,
  });
  assert.deepEqual(read.bundle.leaving, leaving);
  assert.deepEqual(
    read.bundle.certificates.map(({ fingerprint256 }) => fingerprint256),
    [signer, next].map(({ certificate }) => certificate.fingerprint256),
  );
  assert.ok(read.signer.privateKey.equals(signer.privateKey));
  assert.ok(read.next?.privateKey.equals(next.privateKey));
  assert.deepEqual(read.signer.chain, []);
});

test('what is not there any more is taken away', () => {
  const { data, annotations } = caSecretPatch({
    signer,
    bundle: { certificates: [signer.certificate], leaving: new Map() },
  });
  assert.equal(data['next.crt'], null);
  assert.equal(data['next.key'], null);
  assert.equal(annotations[leavingAnnotation], null);
});

test('a Secret of cert-manager: an intermediate CA, whose chain goes along with what it signs, and its root', () => {
  const root = createAuthority(now, year);
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const content = {
    commonName: 'issuing',
    use: 'ca' as const,
    publicKey: keys.publicKey,
    notBefore: now,
    notAfter: now + year,
  };
  const intermediate = signCertificate(content, root);
  const ca = readCASecret(
    secretOf({ ...pair(intermediate, keys.privateKey), 'ca.crt': certificatesText([root.certificate]) }),
  );
  const leaf = issueLeaf(operatorProfile, { ca: ca.signer, now, lifetimeMs: hour });
  assert.deepEqual(
    leaf.chain.slice(1).map(({ fingerprint256 }) => fingerprint256),
    [intermediate.fingerprint256],
  );
  assert.ok(leadsTo(leaf.chain, ca.bundle.certificates));
  assert.ok(!leadsTo(leaf.chain, [signer.certificate]));
});

test('what cannot be a CA is refused, and the message says what is wrong and shows no key', () => {
  const leaf = issueLeaf(operatorProfile, { ca: signer, now, lifetimeMs: hour });
  const good = pair(signer.certificate, signer.privateKey);
  const intermediateKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const intermediate = signCertificate(
    { commonName: 'i', use: 'ca', publicKey: intermediateKeys.publicKey, notBefore: now, notAfter: now + year },
    signer,
  );
  const cases: [Secret, RegExp][] = [
    [{ metadata }, /no tls\.crt and tls\.key/],
    [secretOf({ 'tls.crt': '', 'tls.key': '' }), /no tls\.crt and tls\.key/],
    [secretOf({ ...good, 'tls.crt': 'x' }), /tls\.crt holds no certificate/],
    [
      secretOf({ ...good, 'tls.crt': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' }),
      /tls\.crt cannot be read/,
    ],
    [secretOf({ ...good, 'tls.key': 'hunter2' }), /tls\.key cannot be read/],
    [secretOf({ ...good, 'tls.key': keyText(next.privateKey) }), /tls\.key is not the key of tls\.crt/],
    [secretOf({ 'tls.crt': leaf.certificateText, 'tls.key': leaf.keyText }), /is not a CA/],
    [secretOf(pair(intermediate, intermediateKeys.privateKey)), /ca\.crt does not hold the root/],
    [
      secretOf({ ...good, 'ca.crt': certificatesText([signer.certificate]).repeat(33) }),
      /33 certificates, more than the 32/,
    ],
  ];
  for (const [secret, expected] of cases) {
    assert.throws(
      () => readCASecret(secret),
      (error) => {
        assert.ok(error instanceof CASecretError);
        assert.match(error.message, expected);
        assert.match(error.message, /Secret nodetask-system\/nodetask-ca .* Correct it/);
        assert.doesNotMatch(error.message, /hunter2|PRIVATE/);
        return true;
      },
    );
  }
});

test('an annotation that cannot be read says nothing', () => {
  for (const text of ['', '{', '[]', '{"a":1}', '{"a":"tomorrow"}']) {
    const { bundle } = readCASecret(
      secretOf(pair(signer.certificate, signer.privateKey), { [leavingAnnotation]: text }),
    );
    assert.equal(bundle.leaving.size, 0, text);
  }
});

test('a leaf is renewed after two thirds of its life, or at once where its CA is trusted no more; it ends with its CA', () => {
  const trusted = [signer.certificate];
  const leaf = issueLeaf(operatorProfile, { ca: signer, now, lifetimeMs: 24 * hour });
  assert.equal(renewLeafAt(leaf, trusted), now + 16 * hour);
  assert.equal(leaf.chain[0].validFromDate.getTime(), now - backdateMs);
  assert.equal(renewLeafAt(leaf, [next.certificate]), -Infinity);
  assert.equal(renewLeafAt(leaf, [next.certificate, signer.certificate]), now + 16 * hour);

  const last = issueLeaf(operatorProfile, { ca: signer, now: now + year - hour, lifetimeMs: 24 * hour });
  assert.equal(last.chain[0].validToDate.getTime(), now + year);
  assert.throws(
    () => issueLeaf(operatorProfile, { ca: signer, now: now + year, lifetimeMs: hour }),
    /ended at 2027-01-01/,
  );
});
