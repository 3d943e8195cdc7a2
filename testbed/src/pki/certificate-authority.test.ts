import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { CertificateAuthority } from './certificate-authority.ts';

const clientUsage = '1.3.6.1.5.5.7.3.2';

test('certificates are signed by the CA, and say what was asked for', async () => {
  const ca = await CertificateAuthority.create();
  const root = new X509Certificate(ca.certificate);
  assert.ok(root.ca && root.checkIssued(root) && root.verify(root.publicKey));

  const notAfter = new Date('2031-01-02T03:04:05Z');
  const operator = await ca.operator({ notAfter });
  const leaf = new X509Certificate(operator.certificate);
  assert.ok(leaf.checkIssued(root) && leaf.verify(root.publicKey) && !leaf.ca);
  assert.ok(leaf.checkPrivateKey(createPrivateKey(operator.key)));
  assert.equal(leaf.subjectAltName, 'URI:spiffe://nodetask.dev/operator');
  assert.deepEqual(leaf.keyUsage, [clientUsage]);
  assert.deepEqual(leaf.validToDate, notAfter);

  const agent = new X509Certificate((await ca.agent('u-1', { ips: ['127.0.0.1'] })).certificate);
  assert.equal(agent.subjectAltName, 'DNS:u-1.agent.nodetask.dev, DNS:any.agent.nodetask.dev, IP Address:127.0.0.1');
});

test("an intermediate CA's certificates come with their chain, without the root", async () => {
  const ca = await CertificateAuthority.create();
  const below = await ca.intermediate();
  const { certificate } = await below.metricsReader();
  const [leaf, middle, ...more] = certificate.split(/(?<=-----END CERTIFICATE-----\n)/);
  assert.deepEqual(more, []);
  const intermediate = new X509Certificate(middle ?? '');
  assert.ok(new X509Certificate(leaf ?? '').verify(intermediate.publicKey));
  assert.ok(intermediate.verify(new X509Certificate(ca.certificate).publicKey));
});

test("a CA that exists certifies somebody else's public key", async () => {
  const made = await CertificateAuthority.create();
  const ca = CertificateAuthority.of(made.certificate, made.key);
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const issued = await ca.agent('u-2', { publicKey: publicKey.export({ type: 'spki', format: 'pem' }) });
  assert.equal(issued.key, '');
  assert.ok(new X509Certificate(issued.certificate).checkPrivateKey(privateKey));
});
