import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, test, type TestContext } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { FakeClock } from '@nodetask/runtime/testing';
import { silentLogger } from '@nodetask/shared';
import { readHeight, rpcBlockHeights } from './block-heights.ts';
import { makeServerCertificate } from '../../test/support/tls/server-certificate.ts';
import { createEgress } from './testing/loopback-egress.ts';
import { createRpcClient, type RpcClient } from './rpc-client.ts';
import { sendJson, startServer, type TestServer } from './testing/http-server.ts';

const status = (height: number): object => ({ sync_info: { latest_block_height: String(height) } });
const envelope = (result: object): object => ({ jsonrpc: '2.0', id: -1, result });

const setUp = async (
  t: TestContext,
  respond: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ rpc: RpcClient; server: TestServer; height: (timeoutMs?: number) => Promise<number> }> => {
  const server = await startServer(t, respond);
  const egress = createEgress({ nodeRPC: server.url });
  t.after(() => egress.close());
  const rpc = createRpcClient(egress, systemClock);
  return { rpc, server, height: () => readHeight(rpc, server.url, new AbortController().signal) };
};

describe('the RPC client', () => {
  for (const [what, body] of [
    ['in an envelope', envelope(status(42))],
    ['bare', status(42)],
    ['with a number', { sync_info: { latest_block_height: 42 } }],
  ] as const) {
    test(`takes an answer ${what}`, async (t) => {
      const { height } = await setUp(t, (_, response) => {
        sendJson(response, body);
      });
      assert.equal(await height(), 42);
    });
  }

  for (const [what, httpStatus, body, message] of [
    [
      'a JSON-RPC error with HTTP 500',
      500,
      { jsonrpc: '2.0', id: -1, error: { code: -32603, message: 'Internal error', data: 'height 9 is not available' } },
      /-32603 Internal error height 9 is not available/,
    ],
    [
      'a JSON-RPC error with HTTP 200',
      200,
      { jsonrpc: '2.0', id: -1, error: { code: 1, message: 'no' } },
      /the error 1 no/,
    ],
    ['another status', 503, { anything: true }, /HTTP status 503/],
    ['a list', 200, [], /no answer of CometBFT/],
    ['no height', 200, envelope({ sync_info: {} }), /no sync_info\.latest_block_height/],
    ['a height that is none', 200, envelope({ sync_info: { latest_block_height: '12x' } }), /no sync_info/],
    ['a null result', 200, { jsonrpc: '2.0', id: 1, result: null }, /no answer of CometBFT/],
  ] as const) {
    test(`refuses ${what}`, async (t) => {
      const { height } = await setUp(t, (_, response) => {
        sendJson(response, body, httpStatus);
      });
      await assert.rejects(height(), { code: 'rpc-invalid', message });
    });
  }

  for (const [what, httpStatus, body, code, message] of [
    [
      'wants credentials',
      401,
      {},
      'rpc-refused',
      /HTTP status 401: give the address of an RPC that may be asked without/,
    ],
    ['forbids the call', 403, '<html>Forbidden</html>', 'rpc-refused', /HTTP status 403: give the address/],
    ['wants to be paid', 402, { error: 'quota' }, 'rpc-refused', /"quota": give the address/],
    [
      'is not at this path',
      404,
      '404 page not found',
      'rpc-method-missing',
      /HTTP status 404: check that it is the address/,
    ],
    ['has no such call', 405, {}, 'rpc-method-missing', /HTTP status 405/],
    [
      'does not know the method',
      200,
      { jsonrpc: '2.0', id: -1, error: { code: -32601, message: 'Method not found' } },
      'rpc-method-missing',
      /-32601 Method not found: .* offers the method/,
    ],
    ['is a web page', 200, ' <!DOCTYPE html><html>', 'rpc-invalid', /a web page: give the address of an RPC/],
  ] as const) {
    test(`does not try again where the address ${what}`, async (t) => {
      const { height } = await setUp(t, (_, response) => {
        if (typeof body === 'string') response.writeHead(httpStatus).end(body);
        else sendJson(response, body, httpStatus);
      });
      await assert.rejects(height(), { code, message, retriable: false });
    });
  }

  test('tries again where it is asked too often, and says so', async (t) => {
    const { height } = await setUp(t, (_, response) => {
      sendJson(response, {}, 429);
    });
    await assert.rejects(height(), { code: 'rpc-invalid', retriable: true, message: /429: ask it less often/ });
  });

  test('does not try again where the certificate is of an unknown CA, and names the fault', async (t) => {
    const server = await startServer(t, () => undefined, await makeServerCertificate());
    const egress = createEgress({ nodeRPC: server.url });
    t.after(() => egress.close());
    const rpc = createRpcClient(egress, systemClock);
    await assert.rejects(readHeight(rpc, server.url, new AbortController().signal), {
      code: 'rpc-unreachable',
      retriable: false,
      message: /certificate is refused \([A-Z_]+\): correct the address or the certificate, or give the agent the CA/,
    });
  });

  test('refuses a web page, a redirect and an endless answer', async (t) => {
    const { rpc, server } = await setUp(t, ({ url }, response) => {
      if (url?.startsWith('/page') === true) response.end('<html>login</html>');
      else if (url?.startsWith('/moved') === true) response.writeHead(302, { location: '/page' }).end();
      else {
        const write = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
        };
        response.on('drain', write);
        write();
      }
    });
    const call = (method: string): Promise<unknown> =>
      rpc.call(server.url, method, {}, { signal: new AbortController().signal, maxBytes: 1_000_000 });
    await assert.rejects(call('page'), { code: 'rpc-invalid', message: /<html>/ });
    await assert.rejects(call('moved'), { code: 'source-invalid', message: /redirects/ });
    await assert.rejects(call('endless'), { code: 'source-invalid', message: /more than 1000000 bytes/ });
  });

  test('gives up on a silent node when its time is up, and at once when aborted', async (t) => {
    const { rpc, server } = await setUp(t, () => undefined);
    await assert.rejects(rpc.call(server.url, 'status', {}, { signal: new AbortController().signal, timeoutMs: 50 }), {
      code: 'rpc-unreachable',
      message: /did not answer within 0\.05 s/,
    });
    const controller = new AbortController();
    const reason = new Error('cancelled');
    const call = rpc.call(server.url, 'status', {}, { signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(call, reason);
  });

  test('keeps the path of the address and sends the query', async (t) => {
    const { rpc, server } = await setUp(t, (_, response) => {
      sendJson(response, {});
    });
    await rpc.call(`${server.url}/base/`, 'block', { height: '5 6' }, { signal: new AbortController().signal });
    assert.deepEqual(server.requests, ['/base/block?height=5+6']);
  });
});

/** A node that answers with the next of the answers, and tells when it is asked. */
const scripted = (answers: readonly (number | Error)[]): { rpc: RpcClient; asked: () => number } => {
  let asked = 0;
  return {
    asked: () => asked,
    rpc: {
      call: () => {
        const answer = answers[Math.min(asked++, answers.length - 1)];
        return answer instanceof Error || answer === undefined
          ? Promise.reject(answer ?? new Error('nothing'))
          : Promise.resolve({ result: status(answer) as Record<string, unknown> });
      },
      callLarge: () => Promise.reject(new Error('nobody asks for large answers')),
    },
  };
};

const watchFor = async (
  answers: readonly (number | Error)[],
  ms: number,
): Promise<{ heights: number[]; asked: number; warnings: number }> => {
  const clock = new FakeClock();
  const { rpc, asked } = scripted(answers);
  const controller = new AbortController();
  const heights: number[] = [];
  let warnings = 0;
  const logger = { ...silentLogger, warn: () => warnings++ };
  const watch = rpcBlockHeights({ rpc, nodeRPC: 'http://node:26657', clock, logger }).watch(
    (height) => heights.push(height),
    controller.signal,
  );
  await clock.advance(ms);
  controller.abort(new Error('done'));
  await watch;
  assert.equal(clock.pendingTimers, 0);
  return { heights, asked: asked(), warnings };
};

describe('block heights', () => {
  test('tells each new height once, also one that is lower after a reset', async () => {
    assert.deepEqual((await watchFor([5, 5, 6, 9, 9, 2, 3], 60_000)).heights, [5, 6, 9, 2, 3]);
  });

  test('polls a fast chain every 250 ms and a stuck one no less than every 5 s', async () => {
    const fast = await watchFor(
      Array.from({ length: 400 }, (_, index) => index * 3),
      30_000,
    );
    assert.ok(fast.asked > 80 && fast.asked <= 121, String(fast.asked));
    const slow = await watchFor([1], 60_000);
    assert.ok(slow.asked >= 12 && slow.asked <= 121, String(slow.asked));
  });

  test('goes on through an outage with backoff, and logs it once', async () => {
    const down = Array.from({ length: 8 }, () => new Error('down'));
    const { heights, warnings, asked } = await watchFor([1, ...down, 2], 200_000);
    assert.deepEqual(heights, [1, 2]);
    assert.equal(warnings, 1);
    assert.ok(asked < 350);
    assert.ok((await watchFor(down, 300_000)).asked < 20);
  });

  test('follows a real server until it is aborted in the middle of a request', async (t) => {
    let height = 10;
    const controller = new AbortController();
    const { rpc, server } = await setUp(t, (_, response) => {
      height++;
      if (height <= 13) sendJson(response, envelope(status(height)));
      else controller.abort(new Error('enough'));
    });
    const heights: number[] = [];
    await rpcBlockHeights({ rpc, nodeRPC: server.url, clock: systemClock, logger: silentLogger }).watch(
      (one) => heights.push(one),
      controller.signal,
    );
    assert.deepEqual(heights, [11, 12, 13]);
  });
});
