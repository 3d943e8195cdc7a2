import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { systemClock } from '@nodetask/runtime';
import {
  agentLabel,
  agentLabelValue,
  agentServerName,
  apiErrorSchema,
  enrollAudience,
  enrollResponseSchema,
  silentLogger,
} from '@nodetask/shared';
import {
  type ControlPlane,
  freePort,
  installRights,
  type KubeObject,
  startControlPlane,
  waitFor,
} from '@nodetask/testbed';
import { defaultRates } from '../src/enroll/enroll-limits.ts';
import { noKubeMetrics } from '../src/kube/kube-metrics.ts';
import { Transport } from '../src/kube/transport.ts';
import { leadsTo, parseCertificates } from '../src/pki/trust-bundle.ts';
import { type Answer, Enrollment } from './support/enrollment.ts';
import { operatorNamespace, Replica } from './support/replica.ts';

/** POST /v0/certificates with a real API server and its tokens: who gets a certificate, and who does not. */
let cluster: ControlPlane;
let replica: Replica;
let enrollment: Enrollment;
let agent: KubeObject;

before(async () => {
  cluster = await startControlPlane();
  for (const namespace of [operatorNamespace, 'sei', 'osmosis']) await cluster.createNamespace(namespace);
  await installRights(cluster.admin);
  replica = await (await Replica.start(cluster)).ready();
  enrollment = await Enrollment.start(replica, { namespace: 'sei' });
  agent = await createPod('sei-0');
  await enrollment.untilKnown('sei-0', agent.metadata.uid);
});

after(async () => {
  await enrollment[Symbol.asyncDispose]();
  await replica[Symbol.asyncDispose]();
  await cluster.stop();
});

const createPod = async (
  name: string,
  namespace = 'sei',
  labels = { [agentLabel]: agentLabelValue },
): Promise<KubeObject> =>
  cluster.admin.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels },
    spec: { containers: [{ name: 'node', image: 'testbed/node' }] },
  });

const deletePod = async (name: string): Promise<void> => {
  await cluster.admin.delete(`/api/v1/namespaces/sei/pods/${name}`, { gracePeriodSeconds: 0 });
};

/** As a kubelet gets it for a projected volume. */
const tokenOf = async (
  pod: KubeObject | undefined,
  audiences: readonly string[] = [enrollAudience],
): Promise<string> => {
  const { namespace = 'sei', name, uid } = (pod ?? agent).metadata;
  const { token } = await cluster.serviceAccountToken({
    namespace,
    serviceAccount: 'default',
    ...(audiences.length === 0 ? {} : { audiences }),
    ...(pod === undefined ? {} : { pod: { name, uid: String(uid) } }),
  });
  return token;
};

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = publicKey.export({ type: 'spki', format: 'pem' });
const good = { publicKey: key };

const pem = (text: string): string => `-----BEGIN PUBLIC KEY-----\n${text}\n-----END PUBLIC KEY-----\n`;

const refuses = (answer: Answer, status: number, code: string, says: RegExp): void => {
  assert.equal(answer.status, status, answer.text);
  const body = apiErrorSchema.parse(JSON.parse(answer.text));
  assert.equal(body.code, code);
  assert.match(body.error, says);
};

test('the agent of a pod gets the certificate of that pod, for its own key, and may have it again', async () => {
  const token = await tokenOf(agent);
  const answers = [await enrollment.ask(good, token), await enrollment.ask(good, token)];
  for (const answer of answers) {
    assert.equal(answer.status, 200, answer.text);
    const { certificate: text, notAfter } = enrollResponseSchema.parse(JSON.parse(answer.text));
    const chain = parseCertificates(text);
    const [certificate] = chain;
    assert.ok(certificate !== undefined && leadsTo(chain, parseCertificates(replica.shown.ca)));
    const uid = String(agent.metadata.uid);
    assert.equal(certificate.subjectAltName, `DNS:${agentServerName(uid)}, DNS:any.agent.nodetask.dev`);
    assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'for a server, and nothing else');
    assert.ok(!certificate.ca);
    assert.ok(certificate.checkPrivateKey(privateKey));
    assert.equal(Date.parse(notAfter), certificate.validToDate.getTime());
  }
});

describe('no certificate', () => {
  test('without a token, or with something that is none', async () => {
    refuses(await enrollment.ask(good), 401, 'unauthorized', /Authorization: Bearer/);
    refuses(await enrollment.ask(good, 'abc'), 401, 'unauthorized', /Authorization: Bearer/);
    const forged = [{ alg: 'none' }, { sub: 'system:serviceaccount:sei:default' }, {}].map(encode).join('.');
    refuses(await enrollment.ask(good, forged), 401, 'unauthorized', /does not accept the token/);
  });

  test('with a token for somebody else: the API server', async () => {
    refuses(await enrollment.ask(good, await tokenOf(agent, [])), 401, 'unauthorized', /audience nodetask\.dev/);
    const other = await tokenOf(agent, ['vault', 'nodetask.dev.example']);
    refuses(await enrollment.ask(good, other), 401, 'unauthorized', /audience nodetask\.dev/);
  });

  test('with a token that is not bound to a pod', async () => {
    refuses(await enrollment.ask(good, await tokenOf(undefined)), 401, 'unauthorized', /not bound to a pod/);
  });

  test('with a token that has ended', async () => {
    const [head = '', payload = ''] = (await tokenOf(agent)).split('.');
    const signingKey = await readFile(join(cluster.folder, 'service-account.key'), 'utf8');
    const resign = (claims: object): string => {
      const signed = `${head}.${encode(claims)}`;
      const signature = sign('sha256', Buffer.from(signed), { key: signingKey, dsaEncoding: 'ieee-p1363' });
      return `${signed}.${signature.toString('base64url')}`;
    };
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp: number };
    // Signed anew it is as good as before, so it is the time alone that is refused.
    assert.equal((await enrollment.ask(good, resign(claims))).status, 200);
    const ended = resign({ ...claims, exp: Math.floor(Date.now() / 1000) - 60 });
    refuses(await enrollment.ask(good, ended), 401, 'unauthorized', /does not accept the token/);
  });

  test('for a pod without the label, or in a namespace that the operator does not watch', async () => {
    const plain = await createPod('plain', 'sei', { [agentLabel]: 'disabled' });
    const says = /knows no pod sei\/plain with UID [0-9a-f-]{36} and an agent: label it nodetask\.dev\/agent: enabled/;
    refuses(await enrollment.ask(good, await tokenOf(plain)), 403, 'not-an-agent', says);
    const elsewhere = await createPod('sei-0', 'osmosis');
    refuses(await enrollment.ask(good, await tokenOf(elsewhere)), 403, 'not-an-agent', /osmosis\/sei-0/);
  });

  test('for a pod that is gone, or that another has taken the name of', async () => {
    const former = await createPod('reborn');
    await enrollment.untilKnown('reborn', former.metadata.uid);
    const token = await tokenOf(former);
    assert.equal((await enrollment.ask(good, token)).status, 200);
    await deletePod('reborn');
    const latter = await createPod('reborn');
    await enrollment.untilKnown('reborn', latter.metadata.uid);
    // The API server believes a token for ten seconds after its pod has gone: the UID does not.
    const answer = await enrollment.ask(good, token);
    if (answer.status === 401) refuses(answer, 401, 'unauthorized', /its pod must live/);
    else refuses(answer, 403, 'not-an-agent', new RegExp(`no pod sei/reborn with UID ${String(former.metadata.uid)}`));
    await waitFor(async () => (await enrollment.ask(good, token)).status === 401, {
      what: 'the API server to refuse it as well',
      timeoutMs: 30_000,
      intervalMs: 500,
    });
  });

  test('for a key that is none, whatever it is instead', async () => {
    const token = await tokenOf(agent);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
    const bodies: unknown[] = [
      '',
      'null',
      '[]',
      '{',
      {},
      { publicKey: 7 },
      { publicKey: '' },
      { ...good, subject: 'CN=other' },
      { publicKey: pem('AAAA') },
      { publicKey: pem('-----END PUBLIC KEY-----') },
      { publicKey: pem(Buffer.from(replica.shown.cert).toString('base64')) },
      { publicKey: rsa.export({ type: 'spki', format: 'pem' }) },
      {
        publicKey: generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ type: 'spki', format: 'pem' }),
      },
      { publicKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) },
      { publicKey: `${key}${' '.repeat(1025)}` },
      { publicKey: `${key}\u0000` },
    ];
    for (const body of bodies) {
      refuses(await enrollment.ask(body, token), 400, 'invalid-request', /EC key on P-256/);
    }
    refuses(await enrollment.ask({ publicKey: 'x'.repeat(5_000) }, token), 413, 'payload-too-large', /4096/);
  });

  test('for the CA itself: whose public key one has says nothing', async () => {
    const [ca] = parseCertificates(replica.shown.ca);
    assert.ok(ca !== undefined);
    const answer = await enrollment.ask(
      { publicKey: ca.publicKey.export({ type: 'spki', format: 'pem' }) },
      await tokenOf(agent),
    );
    const { certificate } = enrollResponseSchema.parse(JSON.parse(answer.text));
    assert.ok(!new X509Certificate(certificate).ca, 'it is that of an agent, and nobody who asks has its key');
  });
});

test('neither tokens nor what they are made of are in the log', async () => {
  const token = await tokenOf(agent);
  await enrollment.ask(good, token);
  await enrollment.ask(good, `${token.slice(0, -4)}AAAA`);
  const said = inspect(enrollment.lines, { depth: 10 });
  assert.match(said, /issued the certificate of an agent/);
  for (const part of token.split('.')) assert.ok(!said.includes(part.slice(0, 40)));
});

test('who asks too often has to wait', async () => {
  const perAddress = { perSecond: 0.001, burst: 4 };
  const perPod = { perSecond: 0.001, burst: 2 };
  await using limited = await Enrollment.start(replica, {
    namespace: 'sei',
    rates: { ...defaultRates, perAddress, perPod },
  });
  const token = await tokenOf(agent);
  const answers: Answer[] = [];
  for (let asked = 0; asked < 5; asked += 1) answers.push(await limited.ask(good, token));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 429, 429, 429],
  );
  const [, , pod, , address] = answers;
  assert.ok(pod !== undefined && address !== undefined);
  refuses(pod, 429, 'too-many-requests', /certificates for the pod sei\/sei-0: try again in 5 s/);
  refuses(address, 429, 'too-many-requests', /from this address/);
  assert.equal(address.headers['retry-after'], '5');
});

test('while the API server is away nobody is refused for good', async () => {
  const server = `https://127.0.0.1:${await freePort()}`;
  const access = { server, readCredentials: async () => Promise.resolve({ headers: {}, tls: {} }) };
  const transport = new Transport({
    access,
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    metrics: noKubeMetrics,
  });
  await using cutOff = await Enrollment.start(replica, { namespace: 'sei', transport });
  const answer = await cutOff.ask(good, await tokenOf(agent));
  refuses(answer, 503, 'unavailable', /API server cannot say/);
  assert.equal(answer.headers['retry-after'], '5');
  await transport.close();
});

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
