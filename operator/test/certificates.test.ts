import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { trustConfigMap, trustKey } from '@nodetask/shared';
import { type ControlPlane, installRights, startControlPlane, waitFor } from '@nodetask/testbed';
import { base64, caSecretPatch, type Secret, text } from '../src/pki/ca-secret.ts';
import { type CertificateAuthority, createAuthority } from '../src/pki/certificate-authority.ts';
import { leavingAnnotation } from '../src/pki/leaving-annotation.ts';
import { metricsReaderSecret } from '../src/pki/metrics-reader.ts';
import { certificatesText, parseCertificates } from '../src/pki/trust-bundle.ts';
import type { TrustConfigMap } from '../src/pki/trust-config-map.ts';
import { operatorNamespace, Replica, type ReplicaOptions } from './support/replica.ts';

/** The CA in its Secret, and what is made of it, with a real API server and no more rights than the operator has. */
let cluster: ControlPlane;
const hour = 3_600_000;
const mergePatch = 'application/merge-patch+json';
const secretPath = `/api/v1/namespaces/${operatorNamespace}/secrets/nodetask-ca`;
const readerPath = `/api/v1/namespaces/${operatorNamespace}/secrets/${metricsReaderSecret}`;
const trustPath = (namespace: string): string => `/api/v1/namespaces/${namespace}/configmaps/${trustConfigMap}`;
const webhookPath = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/nodetask';
const namespaces = ['sei', 'osmosis'];

before(async () => {
  cluster = await startControlPlane();
  for (const namespace of [operatorNamespace, ...namespaces]) await cluster.createNamespace(namespace);
  await installRights(cluster.admin);
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
    const count = await writes('secrets');
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
      assert.equal((await writes('secrets')) - count, 1);
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
      contentType: mergePatch,
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
      contentType: mergePatch,
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
      contentType: mergePatch,
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

/** As cert-manager writes it for a Certificate with isCA of a self-signed issuer. */
const writeAsCertManager = async ({ certificate, privateKey, chain }: CertificateAuthority): Promise<void> => {
  const bundle = { certificates: [certificate], leaving: new Map<string, number>() };
  const { data } = caSecretPatch({ signer: { certificate, privateKey, chain }, bundle });
  await cluster.admin.apply(
    {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/tls',
      metadata: { namespace: operatorNamespace, name: 'nodetask-ca' },
      data: Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null)),
    } as Parameters<typeof cluster.admin.apply>[0],
    'cert-manager',
  );
};

/** Attempts of the operator to write Secrets, but for the metrics reader's, so far. */
const attempts = async (): Promise<number> =>
  (await cluster.auditEvents()).filter(
    ({ verb, objectRef, user }) =>
      ['create', 'update', 'patch', 'delete'].includes(verb) &&
      objectRef?.resource === 'secrets' &&
      objectRef.name !== metricsReaderSecret &&
      user.username.endsWith(':nodetask-operator'),
  ).length;

describe('a CA that somebody else keeps (cert-manager)', () => {
  test('is waited for, read, and never written', async () => {
    const count = await attempts();
    await using replica = await start({ ca: { source: 'secret' } });
    await replica.until('it to be missed', () => {
      const readiness = replica.certificates.readiness();
      return (
        !readiness.ok && /nodetask-system\/nodetask-ca .* is not there: .*--ca-source secret/.test(readiness.reason)
      );
    });
    const authority = createAuthority(Date.now(), 24 * hour);
    await writeAsCertManager(authority);
    await replica.ready();
    assert.ok(new X509Certificate(replica.shown.cert).verify(authority.certificate.publicKey));
    await untilTrusted(operatorNamespace, certificatesText([authority.certificate]));
    assert.equal(await attempts(), count);
  });

  test('and replaces stays trusted, also by an operator that starts after that, until what it signed has ended', async () => {
    const [first, second] = [0, 1].map((number) => createAuthority(Date.now() + number * 1000, 24 * hour));
    assert.ok(first !== undefined && second !== undefined);
    const [one, both, other] = [[first], [first, second], [second]].map((authorities) =>
      certificatesText(authorities.map(({ certificate }) => certificate)),
    );
    await writeAsCertManager(first);
    const options: ReplicaOptions = { ca: { source: 'secret' }, certificateLifetimeMs: 4_000 };
    await using replica = await (await start(options)).ready();
    await untilTrusted(operatorNamespace, one);
    const { shown } = replica;

    await writeAsCertManager(second);
    await replica.until('both to be trusted', () => replica.shown.ca === both);
    assert.equal(replica.shown.cert, shown.cert, 'what the first one signed is good and goes on');
    await untilTrusted(operatorNamespace, both);
    const published = await cluster.admin.get<TrustConfigMap>(trustPath(operatorNamespace));
    const leaving = JSON.parse(published?.metadata.annotations?.[leavingAnnotation] ?? '{}') as Record<string, string>;
    assert.deepEqual(Object.keys(leaving), [first.certificate.fingerprint256]);

    await using later = await (await start({ ...options, leads: false })).ready();
    assert.equal(later.shown.ca, both);
    for (const each of [replica, later]) {
      await each.until('what the second one signs', () => {
        const certificate = new X509Certificate(each.shown.cert);
        return certificate.verify(second.certificate.publicKey) && each.shown.ca === other;
      });
    }
    assert.ok(Date.now() >= Date.parse(leaving[first.certificate.fingerprint256] ?? ''));
    await untilTrusted(operatorNamespace, other);
  });
});

test('all that the operator makes goes with the ClusterRole that owns it', { timeout: 90_000 }, async () => {
  const owner = 'nodetask-operator';
  const replica = await (await start({ ownerClusterRole: owner, agentNamespaces: () => namespaces })).ready();
  const { ca } = replica.shown;
  for (const namespace of [operatorNamespace, ...namespaces]) await untilTrusted(namespace, ca);
  await replica.until('all to be made', () => replica.certificates.ends.has('metrics-reader'));
  await replica[Symbol.asyncDispose]();
  await cluster.admin.delete(`/apis/rbac.authorization.k8s.io/v1/clusterroles/${owner}`);
  for (const path of [secretPath, readerPath, ...[operatorNamespace, ...namespaces].map(trustPath)]) {
    await waitFor(async () => (await cluster.admin.get(path)) === undefined, {
      what: `${path} to be collected`,
      timeoutMs: 60_000,
    });
  }
});
