import assert from 'node:assert/strict';
import type { LookupFunction } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import type { Egress, EgressOptions } from './egress.ts';
import { createEgress } from './testing/loopback-egress.ts';
import { httpGet, readBody } from './http/http-get.ts';
import { startServer } from './testing/http-server.ts';
import { makeServerCertificate } from '../../test/support/tls/server-certificate.ts';

const nodeRPC = 'http://127.0.0.1:26657';

const makeEgress = (t: TestContext, options: Partial<EgressOptions> = {}): Egress => {
  const egress = createEgress({ nodeRPC, ...options });
  t.after(() => egress.close());
  return egress;
};

const get = async (egress: Egress, url: string, maxRedirects = 3): Promise<string> => {
  const options = {
    egress,
    signal: AbortSignal.timeout(10_000),
    maxRedirects,
    maxBytes: 1_000,
    unreachable: 'source-unreachable',
  } as const;
  return String(await readBody(await httpGet(egress.checkURL('uri', url), options), options));
};

describe('hosts that are refused', () => {
  for (const host of [
    '127.0.0.1',
    '127.1',
    '127.255.255.254',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '017700000001',
    'localhost',
    'LOCALHOST',
    'localhost.',
    'api.localhost',
    '0.0.0.0',
    '0',
    '169.254.169.254',
    '2852039166',
    '0xA9FEA9FE',
    '169.254.0.1',
    '100.100.100.200',
    '168.63.129.16',
    'metadata.google.internal',
    '224.0.0.1',
    '255.255.255.255',
    '[::1]',
    '[::]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::ffff:a9fe:a9fe]',
    '[::127.0.0.1]',
    '[::ffff:0:127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b::169.254.169.254]',
    '[2002:7f00:1::]',
    '[2001:0:0:0:0:0:80ff:fffe]',
    '[fe80::1]',
    '[fd00:ec2::254]',
    '[ff02::1]',
    '①27.0.0.1',
    '127。0。0。1',
  ]) {
    test(host, (t) => {
      const egress = makeEgress(t);
      assert.throws(() => egress.checkURL('rpc', `http://${host}/x`), {
        code: 'egress-refused',
        message: /^rpc: .*--allow-host/,
      });
      assert.throws(() => egress.checkURL('rpc', `https://${host}:8443/x`), { code: 'egress-refused' });
      assert.throws(() => egress.checkHost('host', host), { code: 'egress-refused' });
    });
  }
});

describe('hosts that are not refused', () => {
  for (const host of [
    '10.0.0.5',
    '192.168.1.1',
    '172.16.0.1',
    '8.8.8.8',
    'sentry',
    'example.com',
    '[2001:db8::1]',
    '[fd00::5]',
    '[64:ff9b::808:808]',
    '[2002:808:808::]',
  ]) {
    test(host, (t) => {
      const egress = makeEgress(t);
      assert.ok(egress.checkURL('rpc', `http://${host}:26657`) instanceof URL);
      egress.checkHost('host', host);
    });
  }

  test("the node's own RPC by all its names, and nothing else on the machine", (t) => {
    const egress = makeEgress(t);
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '2130706433'])
      egress.checkURL('rpc', `http://${host}:26657/status`);
    assert.throws(() => egress.checkURL('rpc', 'http://127.0.0.1:26658'), { code: 'egress-refused' });
    assert.throws(() => egress.checkURL('rpc', 'http://127.0.0.2:26657'), { code: 'egress-refused' });
  });

  test('what --allow-host names, with a port or on all of them', (t) => {
    const egress = makeEgress(t, {
      allowHosts: ['127.0.0.5:80', '127.0.0.6', '[::1]:443', 'fe80::7', 'Metadata.Google.Internal'],
    });
    for (const url of [
      'http://127.0.0.5',
      'http://127.0.0.6:1',
      'https://127.0.0.6',
      'https://[::1]',
      'http://[fe80::7]:9',
      'http://metadata.google.internal',
    ])
      egress.checkURL('uri', url);
    for (const url of ['http://127.0.0.5:81', 'https://127.0.0.5', 'http://[::1]'])
      assert.throws(() => egress.checkURL('uri', url), { code: 'egress-refused' });
  });

  for (const text of ['', 'a b', 'http://x', 'a/b', 'user@host', 'host:99999999', '[::1']) {
    test(`an --allow-host that is ${JSON.stringify(text)} is refused at the start`, () => {
      assert.throws(() => createEgress({ nodeRPC, allowHosts: [text] }), {
        code: 'invalid-params',
        message: /--allow-host/,
      });
    });
  }

  for (const text of [
    'ftp://x/',
    'file:///etc/passwd',
    'http://user:secret@host/',
    'no url',
    'http://[::1',
    'http://',
    'javascript:1',
  ]) {
    test(`${text} is no URL to fetch`, (t) => {
      const egress = makeEgress(t);
      assert.throws(
        () => egress.checkURL('uri', text),
        (error: Error & { code?: string }) => error.code === 'invalid-params' && !error.message.includes('secret'),
      );
    });
  }
});

const answers = (...addresses: readonly string[]): { lookup: LookupFunction; asked: () => number } => {
  let asked = 0;
  return {
    asked: () => asked,
    lookup: (_hostname, options, callback) => {
      asked++;
      const all = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
      if (options.all === true) callback(null, all);
      else callback(null, all[0]?.address ?? '', all[0]?.family);
    },
  };
};

describe('connections', () => {
  for (const addresses of [
    ['127.0.0.1'],
    ['169.254.169.254'],
    ['::1'],
    ['::ffff:127.0.0.1'],
    ['203.0.113.1', '127.0.0.1'],
  ]) {
    test(`a name that resolves to ${addresses.join(' and ')} is refused, and no request arrives`, async (t) => {
      const server = await startServer(t, (_, response) => response.end('secret'));
      const { lookup, asked } = answers(...addresses);
      const egress = makeEgress(t, { lookup });
      await assert.rejects(get(egress, `http://rebinding.example:${server.port}/`), {
        code: 'egress-refused',
        message: /rebinding\.example resolves to/,
      });
      assert.equal(asked(), 1);
      assert.deepEqual(server.requests, []);
    });
  }

  test('an exempt name is connected to, wherever it resolves to', async (t) => {
    const server = await startServer(t, (_, response) => response.end('hello'));
    const egress = makeEgress(t, {
      lookup: answers('127.0.0.1').lookup,
      allowHosts: [`inside.example:${server.port}`],
    });
    assert.equal(await get(egress, `http://inside.example:${server.port}/`), 'hello');
  });

  test('a redirect to what is refused is refused, one within what is allowed is followed', async (t) => {
    const server = await startServer(t, ({ url }, response) => {
      const location =
        url === '/metadata'
          ? 'http://169.254.169.254/latest'
          : url === '/loop'
            ? '/loop'
            : url === '/ok'
              ? '/end'
              : undefined;
      if (location === undefined) response.end('end');
      else response.writeHead(302, { location }).end();
    });
    const egress = makeEgress(t, { allowHosts: [server.host] });
    assert.equal(await get(egress, `${server.url}/ok`), 'end');
    await assert.rejects(get(egress, `${server.url}/metadata`), {
      code: 'egress-refused',
      message: /^redirect from .*169\.254\.169\.254/,
    });
    await assert.rejects(get(egress, `${server.url}/loop`), { code: 'source-invalid', message: /more than 3 times/ });
  });

  test('https needs a certificate of a known authority, and does not fall back to http', async (t) => {
    const certificate = await makeServerCertificate();
    const plain = await startServer(t, (_, response) => response.end('plain'));
    const server = await startServer(
      t,
      ({ url }, response) => {
        if (url === '/down') response.writeHead(301, { location: plain.url }).end();
        else response.end('safe');
      },
      certificate,
    );
    const allowHosts = [server.host, plain.host];
    await assert.rejects(get(makeEgress(t, { allowHosts }), server.url), {
      code: 'source-unreachable',
      message: /self-signed/,
    });
    const egress = makeEgress(t, { allowHosts, ca: certificate.ca });
    assert.equal(await get(egress, server.url), 'safe');
    await assert.rejects(get(egress, `${server.url}/down`), { code: 'source-invalid', message: /away from https/ });
    assert.deepEqual(plain.requests, []);
  });

  test('a body over its limit, and nobody there', async (t) => {
    const server = await startServer(t, (_, response) => response.end('x'.repeat(2000)));
    const egress = makeEgress(t, { allowHosts: ['127.0.0.1'] });
    await assert.rejects(get(egress, server.url), { code: 'source-invalid', message: /more than 1000 bytes/ });
    await assert.rejects(get(egress, 'http://127.0.0.1:1/'), {
      code: 'source-unreachable',
      retriable: true,
      message: /ECONNREFUSED/,
    });
  });
});
