import assert from 'node:assert/strict';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect, createServer, type LookupFunction, type NetConnectOpts, type Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { connect as connectTLS } from 'node:tls';
import { makeTempHome } from './temp-home.ts';
import { blocked, keepToLoopback, trialAddress } from './loopback-only.ts';

keepToLoopback();

const addresses = ['0.0.0.0', '10.0.0.1', '126.255.255.255', '128.0.0.0', '169.254.169.254', '203.0.113.7'];
const addresses6 = ['::', '::2', '2001:db8::1', 'fd00:ec2::254', 'fe80::1', '::ffff:169.254.169.254'];

test('each address but those of loopback is on the list', () => {
  for (const address of addresses) assert.equal(blocked.check(address, 'ipv4'), true, address);
  for (const address of addresses6) assert.equal(blocked.check(address, 'ipv6'), true, address);
  for (const address of ['127.0.0.1', '127.255.255.254']) assert.equal(blocked.check(address, 'ipv4'), false, address);
  assert.equal(blocked.check('::1', 'ipv6'), false);
});

const errorOf = async (socket: Socket): Promise<unknown> => {
  const [error] = (await once(socket, 'error')) as [{ readonly code?: string }];
  return error.code;
};

const lookup: LookupFunction = (_name, options, callback) => {
  if (options.all === true) callback(null, [{ address: trialAddress, family: 4 }]);
  else callback(null, trialAddress, 4);
};

test('a socket refuses an address, and a name that leads to it, however it is opened', async () => {
  const options = { host: 'away.test', port: 9, lookup };
  assert.equal(await errorOf(connect(9, trialAddress)), 'ERR_IP_BLOCKED');
  assert.equal(await errorOf(connect({ host: trialAddress, port: 9 })), 'ERR_IP_BLOCKED');
  assert.equal(await errorOf(connect(options)), 'ERR_IP_BLOCKED');
  assert.equal(await errorOf(connect({ ...options, autoSelectFamily: false })), 'ERR_IP_BLOCKED');
  assert.equal(await errorOf(connectTLS(options)), 'ERR_IP_BLOCKED');
});

const echo = async (t: TestContext, where: NetConnectOpts & { readonly host?: string; readonly path?: string }) => {
  const server = createServer((socket) => socket.end('here'));
  server.listen(where);
  await once(server, 'listening');
  t.after(() => server.close());
  return server;
};

test('loopback and Unix sockets are reached as ever', async (t) => {
  const server = await echo(t, { host: '127.0.0.1', port: 0 });
  const { port } = server.address() as { readonly port: number };
  const path = join((await makeTempHome(t)).root, 'socket');
  await echo(t, { path });
  for (const socket of [
    connect(port, '127.0.0.1'),
    connect({ host: 'localhost', port }),
    connect(path),
    connect({ path }),
  ]) {
    assert.equal(String(await socket.setEncoding('utf8').toArray()), 'here');
  }
});

test('whatever makes an egress for tests of the agent makes one that keeps to loopback', async () => {
  const agent = join(import.meta.dirname, '../../..');
  const files = globSync(['src/**/*.test.ts', 'src/**/testing/*.ts', 'test/**/*.ts'], { cwd: agent });
  const [careful, careless]: [string[], string[]] = [[], []];
  for (const file of files) {
    const text = await readFile(join(agent, file), 'utf8');
    const [, path] = /import \{[^}]*\bcreateEgress\b[^}]*\} from '([^']+)'/.exec(text) ?? [];
    if (path?.endsWith('/loopback-egress.ts') === true) careful.push(file);
    else if (path !== undefined && !file.endsWith('/loopback-egress.ts')) careless.push(file);
  }
  assert.ok(careful.length > 10);
  assert.deepEqual(careless, []);
});
