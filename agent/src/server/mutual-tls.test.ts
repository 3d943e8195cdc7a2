import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { CertificateAuthority, type IssuedCertificate } from '@nodetask/testbed';
import { metricsReaderIdentity, operatorIdentity } from '@nodetask/shared';
import { callTls } from '../../test/support/tls/call-tls.ts';
import { startTlsServer } from '../../test/support/tls/tls-test-server.ts';
import type { Route } from './route.ts';
import { routes } from './routes.ts';

/** Who may call what: real connections, each with its own certificate. */

const [ca, otherCA] = [await CertificateAuthority.create(), await CertificateAuthority.create()];
const second = 1000;
const hour = 3600 * second;
const id = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';

const callOf = ({ method, path }: Route) => ({ method: method.toUpperCase(), path: path.replace('{id}', id) });

type Rights = 'probes' | 'metrics' | 'everything';
const clients: readonly [name: string, certificate: IssuedCertificate | undefined, rights: Rights, says: RegExp][] = [
  [
    'nobody',
    undefined,
    'probes',
    /The connection has no client certificate\. Connect with a client certificate for spiffe/,
  ],
  ['an operator', await ca.operator(), 'everything', /^$/],
  ['an operator of an intermediate CA', await (await ca.intermediate()).operator(), 'everything', /^$/],
  [
    'an operator whose certificate lies in the past',
    await ca.operator({ notBefore: new Date(Date.now() - hour), notAfter: new Date(Date.now() - second) }),
    'probes',
    /CERT_HAS_EXPIRED/,
  ],
  [
    'an operator whose certificate lies in the future',
    await ca.operator({ notBefore: new Date(Date.now() + hour), notAfter: new Date(Date.now() + 2 * hour) }),
    'probes',
    /CERT_NOT_YET_VALID/,
  ],
  ['an operator of another CA', await otherCA.operator(), 'probes', /UNABLE_TO|SELF_SIGNED/],
  ['who signs himself', await self(), 'probes', /INVALID_PURPOSE|SELF_SIGNED/],
  ['an agent', await ca.agent('pod-uid-2'), 'probes', /INVALID_PURPOSE/],
  [
    "an agent with the operator's name",
    await ca.agent('pod-uid-2', { uris: [operatorIdentity] }),
    'probes',
    /INVALID_PURPOSE/,
  ],
  ['a certificate without a purpose', await ca.operator({ usages: [] }), 'probes', /not for clients/],
  [
    'a certificate without a URI',
    await ca.operator({ uris: [], commonName: operatorIdentity }),
    'probes',
    /names no URI/,
  ],
  [
    "the operator's name as another kind of name",
    await ca.operator({ uris: [], dns: [`x, URI:${operatorIdentity}`] }),
    'probes',
    /names no URI/,
  ],
  [
    'two names at once',
    await ca.operator({ uris: [operatorIdentity, metricsReaderIdentity] }),
    'probes',
    /one URI is wanted/,
  ],
  [
    'somebody else',
    await ca.operator({ uris: [`${operatorIdentity}/x`] }),
    'probes',
    /is for "spiffe:\/\/nodetask\.dev\/operator\/x", who may not call this/,
  ],
  [
    'a metrics reader',
    await ca.metricsReader(),
    'metrics',
    /is for "spiffe:\/\/nodetask\.dev\/metrics-reader", who may not call this/,
  ],
];

async function self(): Promise<IssuedCertificate> {
  const own = await CertificateAuthority.create({ uris: [operatorIdentity], usages: ['client'] });
  return own;
}

const mayCall: Readonly<Record<Rights, readonly Route['access'][]>> = {
  probes: ['open'],
  metrics: ['open', 'metrics'],
  everything: ['open', 'metrics', 'authenticated'],
};

test('the routes are as open as they say', () => {
  const byAccess = Map.groupBy(routes, ({ access }) => access);
  assert.deepEqual(
    byAccess
      .get('open')
      ?.map(({ path }) => path)
      .toSorted(),
    ['/v0/healthz', '/v0/livez', '/v0/startupz'],
  );
  assert.deepEqual(
    byAccess.get('metrics')?.map(({ path }) => path),
    ['/v0/metrics'],
  );
});

for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
  for (const [name, certificate, rights, says] of clients) {
    test(`${version}: ${name} may call ${rights}`, async () => {
      await using server = await startTlsServer(ca);
      const client = { port: server.port, certificate, version };
      for (const route of routes) {
        const { status, text, headers } = await callTls(client, callOf(route));
        const allowed = mayCall[rights].includes(route.access);
        assert.equal(status !== 401, allowed, `${route.method} ${route.path}: ${String(status)} ${text}`);
        if (allowed) continue;
        const { error, code } = JSON.parse(text) as { readonly error: string; readonly code: string };
        assert.deepEqual([code, headers.connection], ['unauthorized', 'close']);
        assert.match(error, says);
      }
      for (const call of [{ path: '/v0/nothing' }, { method: 'PATCH', path: '/v0/tasks' }]) {
        const { status } = await callTls(client, call);
        assert.equal(status === 401, rights !== 'everything', `${call.path}: ${String(status)}`);
      }
    });
  }
}

test('beside certificates a token lets in, where the agent has one', async () => {
  await using server = await startTlsServer(ca, { token: 'secret-token' });
  const call = (certificate: IssuedCertificate | undefined, token?: string) =>
    callTls(
      { port: server.port, certificate },
      { path: '/v0/tasks', headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } },
    );
  const reader = await ca.metricsReader();
  assert.equal((await call(undefined, 'secret-token')).status, 200);
  assert.equal((await call(reader, 'secret-token')).status, 200);
  assert.equal((await call(await ca.operator())).status, 200);
  const refused = await call(reader, 'wrong-token');
  assert.equal(refused.status, 401);
  assert.match(refused.text, /is for .*metrics-reader.*The bearer token is wrong/);
  assert.match((await call(undefined)).text, /no client certificate.*no bearer token/);
});

for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
  test(`${version}: a session brings no certificate along`, async () => {
    await using server = await startTlsServer(ca);
    const { certificate: cert, key } = await ca.operator();
    const ask = async (options: object) => {
      const socket = connect({
        port: server.port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        minVersion: version,
        maxVersion: version,
        ...options,
      });
      let session: Buffer | undefined;
      let resumed: boolean | undefined;
      socket.once('secureConnect', () => (resumed = socket.isSessionReused()));
      socket.on('session', (given) => (session = given));
      socket.setEncoding('utf8');
      socket.write('GET /v0/tasks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      let text = '';
      for await (const chunk of socket as AsyncIterable<string>) text += chunk;
      return { status: text.slice(9, 12), session, resumed };
    };
    for (const options of [{ cert, key }, {}]) {
      const first = await ask(options);
      assert.ok(first.session, 'there is one all the same, which leads nowhere');
      const again = await ask({ session: first.session });
      assert.deepEqual([again.status, again.resumed], ['401', false]);
    }
  });
}

test('versions of TLS before 1.2 are refused', async () => {
  await using server = await startTlsServer(ca);
  const old = { port: server.port, version: 'TLSv1.1' } as const;
  await assert.rejects(callTls(old, { path: '/v0/livez' }), /alert protocol version/);
  assert.equal((await callTls({ port: server.port, version: 'TLSv1.2' }, { path: '/v0/livez' })).status, 200);
});
