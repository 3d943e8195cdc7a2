import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { CertificateAuthority } from '@nodetask/testbed';
import { alternativeNames } from './alternative-names.ts';

const ca = await CertificateAuthority.create();
const namesOf = async (names: { dns?: string[]; ips?: string[]; uris?: string[] }) =>
  alternativeNames(new X509Certificate((await ca.issue(names)).certificate));

test('names by kind, in order; others are left out', async () => {
  assert.deepEqual(await namesOf({ dns: ['a.test', 'b.test'], ips: ['127.0.0.1', '::1'], uris: ['spiffe://a/b'] }), {
    dns: ['a.test', 'b.test'],
    uris: ['spiffe://a/b'],
  });
  assert.deepEqual(await namesOf({}), { dns: [], uris: [] });
});

const operator = 'spiffe://nodetask.dev/operator';
for (const [kind, value] of [
  ['dns', `x.test, URI:${operator}`],
  ['dns', `x", URI:${operator}`],
  ['dns', `URI:${operator}`],
  ['uris', `spiffe://x/y, URI:${operator}`],
  ['uris', `spiffe://x/"y", URI:${operator}`],
  ['uris', `${operator}\\u0000.evil`],
  ['uris', `${operator}\n`],
] as const) {
  test(`one name that looks like two stays one: ${kind} ${JSON.stringify(value)}`, async () => {
    assert.deepEqual(await namesOf({ [kind]: [value] }), { dns: [], uris: [], [kind]: [value] });
  });
}
