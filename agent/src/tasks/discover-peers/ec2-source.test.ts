import assert from 'node:assert/strict';
import { text as textOf } from 'node:stream/consumers';
import { before, describe, test, type TestContext } from 'node:test';
import type { AddressType } from '@nodetask/shared';
import { createEgress } from '../../node/testing/loopback-egress.ts';
import { flood } from '../../node/testing/flood.ts';
import { hostileAnswers } from '../../node/testing/hostile-answers.ts';
import type { Respond } from '../../node/testing/host-servers.ts';
import { startServer } from '../../node/testing/http-server.ts';
import { useWebIdentity, webIdentityAnswer } from '../../node/testing/web-identity.ts';
import { ec2Source } from './ec2-source.ts';
import type { Candidate } from './peer-source.ts';

// Against a real EC2 API: agent/test/discover-peers.test.ts. Here are the answers that such a server does not give.

interface InstanceOptions {
  readonly id: string;
  readonly address?: string;
  readonly state?: string;
  readonly role?: string;
}

const instance = ({ id, address = '', state = 'running', role = 'rpc' }: InstanceOptions): string =>
  `<item><instancesSet><item><instanceId>${id}</instanceId><instanceState><code>16</code><name>${state}</name></instanceState>${address}
  <tagSet><item><key>role</key><value>${role}</value></item></tagSet></item></instancesSet></item>`;

const page = (instances: readonly string[], nextToken = ''): string =>
  `<?xml version="1.0" encoding="UTF-8"?>
  <DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>
  <reservationSet>${instances.join('')}</reservationSet>${nextToken}</DescribeInstancesResponse>`;

const ec2Error = (code: string, message: string): string =>
  `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>r</RequestID></Response>`;

const xml =
  (body: string, status = 200): Respond =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
  };

interface SetUp {
  readonly find: (signal?: AbortSignal) => Promise<readonly Candidate[]>;
  /** What the server was sent. */
  readonly bodies: readonly URLSearchParams[];
  readonly url: string;
}

const setUp = async (
  t: TestContext,
  respond: (form: URLSearchParams, ...rest: Parameters<Respond>) => void,
  { role = 'rpc', addressType }: { readonly role?: string; readonly addressType?: AddressType } = {},
): Promise<SetUp> => {
  const bodies: URLSearchParams[] = [];
  const server = await startServer(t, (request, response) => {
    void textOf(request).then(
      (body) => {
        bodies.push(new URLSearchParams(body));
        respond(new URLSearchParams(body), request, response);
        return undefined;
      },
      () => undefined,
    );
  });
  const egress = createEgress({ nodeRPC: 'http://127.0.0.1:1', allowHosts: [server.host] });
  t.after(() => egress.close());
  const source = ec2Source({ region: 'eu-central-1', tags: { role }, addressType, endpoint: server.url }, 'sources.0', {
    egress,
    port: 26656,
  });
  return { bodies, url: server.url, find: (signal = AbortSignal.timeout(20_000)) => source.find(signal) };
};

describe('EC2 instances as a source', () => {
  before(() => {
    // What the standard provider chain reads; nothing checks it here.
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
    });
  });

  const priv = '<privateIpAddress>10.0.0.1</privateIpAddress>';
  const pub = '<ipAddress>203.0.113.7</ipAddress>';
  const ipv6 = '<ipv6Address>2001:db8::1</ipv6Address>';
  const ofInterface =
    '<networkInterfaceSet><item><ipv6AddressesSet><item><ipv6Address>2001:db8::2</ipv6Address></item></ipv6AddressesSet></item></networkInterfaceSet>';
  const instances = page([
    instance({ id: 'i-9', address: priv + pub + ipv6 }),
    instance({ id: 'i-8', address: priv + pub }),
    instance({ id: 'i-7', address: priv }),
    instance({ id: 'i-6', address: priv + ipv6 }),
    instance({ id: 'i-5', address: ipv6 }),
    instance({ id: 'i-4', address: ofInterface }),
    instance({ id: 'i-3' }),
    instance({ id: 'i-2', address: '<privateIpAddress>x"\n[rpc]</privateIpAddress>' }),
    instance({ id: 'i-1', address: priv, state: 'stopped' }),
    instance({ id: 'i-0', address: priv, role: 'rpc-2' }),
  ]);
  const [ten, public7, v6, v62] = ['10.0.0.1', '203.0.113.7', '2001:db8::1', '2001:db8::2'];

  for (const [addressType, none, found] of [
    [undefined, 'no IP address', [v62, v6, [ten, v6], ten, [ten, public7], [ten, public7, v6]]],
    ['auto', 'no IP address', [v62, v6, [ten, v6], ten, [ten, public7], [ten, public7, v6]]],
    ['private', 'no private address and no IPv6 address', [v62, v6, ten, ten, ten, ten]],
    ['public', 'no public address and no IPv6 address', [v62, v6, v6, undefined, public7, public7]],
  ] as const) {
    test(`the addresses of type ${addressType ?? 'auto, which is the default'}, by id; nothing but what runs and carries the tag`, async (t) => {
      const { find } = await setUp(t, (_, ...rest) => xml(instances)(...rest), addressType && { addressType });
      const fault = `the instance has ${none}`;
      assert.deepEqual(await find(), [
        { host: 'i-2', port: 26656, fault },
        { host: 'i-3', port: 26656, fault },
        ...found.map((addresses, index) => {
          if (addresses === undefined) return { host: `i-${index + 4}`, port: 26656, fault };
          const [host, ...others] = typeof addresses === 'string' ? [addresses] : addresses;
          return others.length === 0 ? { host, port: 26656 } : { host, others, port: 26656 };
        }),
      ]);
    });
  }

  test('sends a tag value as it is meant, not as the pattern that EC2 takes it for', async (t) => {
    const role = String.raw`a*b?c\d`;
    const { find, bodies } = await setUp(
      t,
      (_, ...rest) => {
        xml(page([instance({ id: 'i-1', address: '<privateIpAddress>10.0.0.1</privateIpAddress>', role })]))(...rest);
      },
      { role },
    );
    assert.equal((await find()).length, 1);
    const [form] = bodies;
    assert.deepEqual(
      ['Filter.1.Name', 'Filter.1.Value.1', 'Filter.2.Name', 'Filter.2.Value.1', 'MaxResults'].map((key) =>
        form?.get(key),
      ),
      ['instance-state-name', 'running', 'tag:role', String.raw`a\*b\?c\\d`, '50'],
    );
  });

  test('an endpoint that never comes to its last page is left', async (t) => {
    let pages = 0;
    const { find } = await setUp(t, (_, ...rest) => {
      xml(page([], `<nextToken>${++pages}</nextToken>`))(...rest);
    });
    await assert.rejects(find(), { code: 'source-invalid', message: /more than 200 pages/ });
    assert.equal(pages, 200);
  });

  test('tags that thousands carry are too wide', async (t) => {
    const { find } = await setUp(t, (_, ...rest) => {
      xml(page(Array.from({ length: 1_001 }, (_item, index) => instance({ id: `i-${index}` }))))(...rest);
    });
    await assert.rejects(find(), { code: 'source-invalid', message: /more than 1000 running instances/ });
  });

  test('short faults are tried again, lasting ones are told, without the key that is refused', async (t) => {
    let calls = 0;
    const { find } = await setUp(t, (_, ...rest) => {
      calls++;
      if (calls === 1) xml(ec2Error('RequestLimitExceeded', 'slow down'), 503)(...rest);
      else if (calls === 2) xml(page([instance({ id: 'i-1' })]))(...rest);
      else xml(ec2Error('AuthFailure', 'key AKIAIOSFODNN7EXAMPLE is not valid'), 401)(...rest);
    });
    assert.equal((await find()).length, 1);
    await assert.rejects(find(), {
      code: 'source-invalid',
      message: /EC2 in eu-central-1 cannot be asked: AuthFailure: key … is not valid: give the agent credentials/,
    });
    assert.equal(calls, 3);
  });

  for (const what of ['a web page', 'null', 'deeply nested JSON', 'a redirect to a metadata service'] as const) {
    test(`is not taken in by ${what}`, async (t) => {
      const { respond } = hostileAnswers[what] ?? {};
      const { find } = await setUp(t, (_, ...rest) => respond?.(...rest));
      await assert.rejects(find(), {
        code: /^source-(?:invalid|unreachable)$/,
        message: /^EC2 in eu-central-1|not as EC2 does/,
      });
    });
  }

  test('credentials may come from STS, whose answers are bounded, too', async (t) => {
    let isFlood = false;
    const { find, url } = await setUp(t, (form, request, response) => {
      if (form.get('Action') !== 'AssumeRoleWithWebIdentity') xml(page([instance({ id: 'i-1' })]))(request, response);
      else if (isFlood) void flood(response, {});
      else xml(webIdentityAnswer)(request, response);
    });
    useWebIdentity(t, url);
    assert.equal((await find()).length, 1);
    isFlood = true;
    await assert.rejects(find(), { message: /more than 65536 bytes/ });
  });

  for (const [what, message] of [
    ['an endless answer', /more than 524288 bytes/],
    ['silence', /the test has waited enough/],
    ['an answer that comes byte by byte', /the test has waited enough/],
  ] as const) {
    test(`bounds ${what}`, async (t) => {
      const { respond } = hostileAnswers[what] ?? {};
      const { find } = await setUp(t, (_, ...rest) => respond?.(...rest));
      const controller = new AbortController();
      const timer = setTimeout(
        () => {
          controller.abort(new Error('the test has waited enough'));
        },
        what === 'an endless answer' ? 20_000 : 300,
      );
      t.after(() => {
        clearTimeout(timer);
      });
      const rss = process.memoryUsage.rss();
      await assert.rejects(find(controller.signal), { message });
      assert.ok(process.memoryUsage.rss() - rss < 250_000_000);
    });
  }
});
