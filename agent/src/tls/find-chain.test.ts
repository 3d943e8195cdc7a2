import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { CertificateAuthority } from '@nodetask/testbed';
import { findChain } from './find-chain.ts';
import { readCertificates } from './read-certificates.ts';

const minute = 60_000;
const now = Date.now();
const root = await CertificateAuthority.create();
const anchors = readCertificates(root.certificate);

const find = async (
  issued: Promise<{ readonly certificate: string }>,
  options: { readonly anchors?: readonly X509Certificate[]; readonly at?: number; readonly others?: string } = {},
): Promise<number | undefined> => {
  const [leaf, ...others] = readCertificates((await issued).certificate + (options.others ?? ''));
  assert.ok(leaf);
  return findChain(leaf, {
    others,
    anchors: options.anchors ?? anchors,
    ...(options.at === undefined ? {} : { at: options.at }),
  })?.length;
};

test('a certificate of a trusted CA, also by way of others in any order', async () => {
  assert.equal(await find(root.operator()), 2);
  const first = await root.intermediate({ commonName: 'first' });
  const second = await first.intermediate({ commonName: 'second' });
  assert.equal(await find(second.operator()), 4);
  const [leaf, ...others] = readCertificates((await second.operator()).certificate);
  assert.ok(leaf);
  assert.equal(findChain(leaf, { others: others.toReversed(), anchors })?.length, 4);
  assert.equal(await find(root.operator(), { others: first.certificate }), 2);
});

test('a CA that is renewed with its key is the same CA', async () => {
  const renewed = await root.reissue({ commonName: 'test CA' });
  assert.notEqual(renewed.certificate, root.certificate);
  assert.equal(await find(root.operator(), { anchors: readCertificates(renewed.certificate) }), 2);
});

test('nothing leads to a CA that is not trusted, whatever its name', async () => {
  const other = await CertificateAuthority.create();
  assert.equal(await find(other.operator()), undefined);
  assert.equal(await find(other.operator(), { others: other.certificate }), undefined);
  assert.equal(await find(root.operator(), { anchors: [] }), undefined);
});

test('who is no CA can issue nothing', async () => {
  const operator = await root.operator();
  const forged = await CertificateAuthority.of(operator.certificate, operator.key).operator();
  assert.equal(await find(Promise.resolve(forged), { others: operator.certificate }), undefined);
});

test('a certificate that names a CA but was signed by another is not of it', async () => {
  const impostor = await CertificateAuthority.create({ commonName: 'test CA' });
  assert.equal(await find(impostor.operator(), { others: root.certificate }), undefined);
});

test('a missing link breaks the chain', async () => {
  const below = await (await root.intermediate()).intermediate();
  const [leaf, link] = readCertificates((await below.operator()).certificate);
  assert.ok(leaf && link);
  assert.equal(findChain(leaf, { others: [link], anchors }), undefined);
});

test('every certificate must be valid at the time, where one is given', async () => {
  const issued = root.operator({ notBefore: new Date(now - minute), notAfter: new Date(now + minute) });
  assert.equal(await find(issued, { at: now }), 2);
  assert.equal(await find(issued, { at: now + 2 * minute }), undefined);
  assert.equal(await find(issued, { at: now - 2 * minute }), undefined);
  assert.equal(await find(issued), 2);

  const ending = await root.intermediate({ notAfter: new Date(now + minute) });
  assert.equal(await find(ending.operator(), { at: now }), 3);
  assert.equal(await find(ending.operator(), { at: now + 2 * minute }), undefined);
  const endingRoot = await CertificateAuthority.create({ notAfter: new Date(now + minute) });
  const trusted = readCertificates(endingRoot.certificate);
  assert.equal(await find(endingRoot.operator(), { anchors: trusted, at: now + 2 * minute }), undefined);
});

test('a chain longer than any CA has is not followed', async () => {
  let ca = root;
  for (let depth = 0; depth < 4; depth++) ca = await ca.intermediate({ commonName: `level ${String(depth)}` });
  assert.equal(await find(ca.operator()), 6);
  assert.equal(await find((await ca.intermediate({ commonName: 'one more' })).operator()), undefined);
});
