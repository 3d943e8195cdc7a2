import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { trustConfigMap, trustKey } from '@nodetask/shared';
import { applyManifest, type ControlPlane, startControlPlane, waitFor } from '@nodetask/testbed';
import { base64, caSecretPatch, type Secret, text } from '../src/pki/ca-secret.ts';
import { type CertificateAuthority, createAuthority } from '../src/pki/certificate-authority.ts';
import { leavingAnnotation } from '../src/pki/leaving-annotation.ts';
import { metricsReaderSecret } from '../src/pki/metrics-reader.ts';
import type { WebhookConfiguration } from '../src/pki/publish-ca-bundle.ts';
import { leadsTo, parseCertificates } from '../src/pki/trust-bundle.ts';
import type { TrustConfigMap } from '../src/pki/trust-config-map.ts';
import { operatorNamespace, Replica, type ReplicaOptions } from './support/replica.ts';

/** The CA in its Secret, and what is made of it, with a real API server and no more rights than the operator has. */
let cluster: ControlPlane;
const hour = 3_600_000;
const secretPath = `/api/v1/namespaces/${operatorNamespace}/secrets/nodetask-ca`;
const readerPath = `/api/v1/namespaces/${operatorNamespace}/secrets/${metricsReaderSecret}`;
const trustPath = (namespace: string): string => `/api/v1/namespaces/${namespace}/configmaps/${trustConfigMap}`;
const webhookPath = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/nodetask';
const namespaces = ['sei', 'osmosis'];

before(async () => {
  cluster = await startControlPlane();
  for (const namespace of [operatorNamespace, ...namespaces]) await cluster.createNamespace(namespace);
  await applyManifest(cluster.admin, 'operator-rbac.yaml', operatorNamespace);
});

after(async () => cluster.stop());

afterEach(async () => {
  for (const path of [secretPath, readerPath, webhookPath, ...[operatorNamespace, ...namespaces].map(trustPath)]) {
    await cluster.admin.delete(path);
  }
});

const start = async (options: ReplicaOptions = {}): Promise<Replica> => Replica.start(cluster, options);

const secret = async (path = secretPath): Promise<Secret> => {
  const found = await cluster.admin.get<Secret>(path);
  assert.ok(found !== undefined, `there is no ${path}`);
  return found;
};

const certificateIn = (object: Secret, key = 'tls.crt'): X509Certificate =>
  new X509Certificate(text(object, key) ?? '');

const trustIn = async (namespace: string): Promise<string | undefined> =>
  (await cluster.admin.get<TrustConfigMap>(trustPath(namespace)))?.data?.[trustKey];

const untilTrusted = async (namespace: string, expected: string | undefined): Promise<void> => {
  await waitFor(async () => (await trustIn(namespace)) === expected, {
    what: `the CAs to be published in ${namespace}`,
    timeoutMs: 10_000,
  });
};

/** Successful writes of the operator to a kind of object, so far. */
const writes = async (resource: string): Promise<number> =>
  (await cluster.auditEvents()).filter(
    ({ verb, objectRef, user, responseStatus }) =>
      ['create', 'update', 'patch', 'delete'].includes(verb) &&
      objectRef?.resource === resource &&
      user.username === `system:serviceaccount:${operatorNamespace}:nodetask-operator` &&
      (responseStatus?.code ?? 500) < 300,
  ).length;

describe('the CA', () => {
  test('is made once, however many operators start at the same time, and all of them have it', async () => {
    const before_ = await writes('secrets');
    const replicas = await Promise.all(Array.from({ length: 5 }, async () => start({ leads: false })));
    try {
      await Promise.all(replicas.map(async (replica) => replica.ready()));
      const stored = await secret();
      const ca = certificateIn(stored);
      for (const { shown } of replicas) {
        assert.equal(shown.ca, text(stored, 'ca.crt'));
        assert.ok(new X509Certificate(shown.cert).verify(ca.publicKey));
      }
      assert.equal(new Set(replicas.map(({ shown }) => shown.key)).size, 5, 'each has a key of its own');
      assert.equal((await writes('secrets')) - before_, 1);
    } finally {
      await Promise.all(replicas.map(async (replica) => replica[Symbol.asyncDispose]()));
    }
  });

  test('is found again by an operator that starts later', async () => {
    const first = await (await start()).ready();
    await first[Symbol.asyncDispose]();
    await using second = await (await start()).ready();
    assert.equal(second.shown.ca, first.shown.ca);
  });

  test('whose Secret is deleted is replaced, and everything that it signed with it', async () => {
    await using replica = await (await start()).ready();
    await using other = await (await start({ leads: false })).ready();
    const { shown } = replica;
    await untilTrusted(operatorNamespace, shown.ca);
    await cluster.admin.delete(secretPath);
    for (const one of [replica, other]) await one.until('new certificates', () => one.shown.ca !== shown.ca);
    const ca = certificateIn(await secret());
    for (const one of [replica, other]) {
      assert.deepEqual(
        parseCertificates(one.shown.ca).map(({ fingerprint256 }) => fingerprint256),
        [ca.fingerprint256],
      );
      await one.until('a certificate of the new CA', () => new X509Certificate(one.shown.cert).verify(ca.publicKey));
    }
    await untilTrusted(operatorNamespace, replica.shown.ca);
  });

  test('that somebody breaks is said to be broken, and the one before it goes on', async () => {
    await using replica = await (await start()).ready();
    const { shown } = replica;
    const { data } = await secret();
    await cluster.admin.request({
      method: 'PATCH',
      path: secretPath,
      body: { data: { 'tls.key': base64('hunter2') } },
      contentType: 'application/merge-patch+json',
    });
    await replica.until('the fault to be said', () =>
      replica.lines.some(({ message }) => message === 'the CA cannot be used'),
    );
    assert.equal(replica.shown, shown);
    assert.doesNotMatch(JSON.stringify(replica.lines, Object.getOwnPropertyNames(Error.prototype)), /hunter2/);
    // And again whole.
    await cluster.admin.request({
      method: 'PATCH',
      path: secretPath,
      body: { data },
      contentType: 'application/merge-patch+json',
    });
    await replica.until('it to be used again', () => replica.certificates.readiness().ok);
  });
});

describe('the CAs to trust', () => {
  test('are published where agents are, and written only where they differ', async () => {
    const found = new Set(['sei']);
    await using replica = await (await start({ agentNamespaces: () => [...found] })).ready();
    const { ca } = replica.shown;
    await untilTrusted(operatorNamespace, ca);
    await untilTrusted('sei', ca);
    assert.equal(await trustIn('osmosis'), undefined);

    found.add('osmosis');
    replica.certificates.upkeep.namespacesChanged();
    await untilTrusted('osmosis', ca);
    const count = await writes('configmaps');
    await using another = await (await start({ agentNamespaces: () => [...found] })).ready();
    another.certificates.upkeep.namespacesChanged();
    // Its first works are done once it has looked at the reader's Secret.
    await another.until('another leader to have looked', () => another.certificates.ends.has('metrics-reader'));
    assert.equal(await writes('configmaps'), count);
  });

  test('that somebody changes or deletes are put right', async () => {
    await using replica = await (await start({ agentNamespaces: () => ['sei'] })).ready();
    const { ca } = replica.shown;
    await untilTrusted('sei', ca);
    const body = { data: { [trustKey]: 'mine' } };
    await cluster.admin.request({
      method: 'PATCH',
      path: trustPath('sei'),
      body,
      contentType: 'application/merge-patch+json',
    });
    await untilTrusted('sei', ca);
    await cluster.admin.delete(trustPath('sei'));
    await untilTrusted('sei', ca);
  });

  test('go to the namespaces that are named, and one that is not there is no fault', async () => {
    await using replica = await (await start({ watched: ['sei', 'not-there'] })).ready();
    await untilTrusted('sei', replica.shown.ca);
    await untilTrusted(operatorNamespace, replica.shown.ca);
    assert.deepEqual(
      replica.lines.filter(({ level }) => level === 'error'),
      [],
    );
  });
});

describe('the certificate of who reads metrics', () => {
  test('is kept in a Secret, with the CAs beside it, and made again where it is gone', async () => {
    await using replica = await (await start()).ready();
    await replica.until('it to be made', () => replica.certificates.ends.has('metrics-reader'));
    const held = await secret(readerPath);
    const certificate = certificateIn(held);
    assert.equal(certificate.subjectAltName, 'URI:spiffe://nodetask.dev/metrics-reader');
    assert.equal(text(held, 'ca.crt'), replica.shown.ca);
    assert.ok(certificate.verify(certificateIn(await secret()).publicKey));
    await cluster.admin.delete(readerPath);
    // A new leader looks at once; this one within a minute.
    await using next = await (await start()).ready();
    await next.until('it to be made again', () => next.certificates.ends.has('metrics-reader'));
    assert.notEqual(certificateIn(await secret(readerPath)).fingerprint256, certificate.fingerprint256);
  });

  test('is renewed in time', async () => {
    await using replica = await (await start({ certificateLifetimeMs: 3_000 })).ready();
    await replica.until('it to be made', () => replica.certificates.ends.has('metrics-reader'));
    const first = certificateIn(await secret(readerPath));
    await waitFor(async () => certificateIn(await secret(readerPath)).fingerprint256 !== first.fingerprint256, {
      what: 'it to be renewed',
      timeoutMs: 10_000,
    });
    assert.ok(Date.now() < first.validToDate.getTime(), 'while the former one is still good');
  });
});
