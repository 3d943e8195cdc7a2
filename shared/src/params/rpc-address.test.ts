import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rpcAddress, rpcUrl } from './rpc-address.ts';

const longest = `${'a'.repeat(253)}:1`;

describe('an RPC address', () => {
  for (const [given, url] of [
    ['sentry:26657', 'http://sentry:26657'],
    ['18.171.36.35:26657', 'http://18.171.36.35:26657'],
    ['tcp://sentry.sei.svc:26657', 'http://sentry.sei.svc:26657'],
    ['tcp://Sentry.Example.COM:26657/', 'http://sentry.example.com:26657'],
    ['rpc.example.com:443', 'https://rpc.example.com:443'],
    ['tcp://rpc.example.com:443', 'https://rpc.example.com:443'],
    ['rpc.example.com:8443', 'http://rpc.example.com:8443'],
    ['[2001:DB8::1]:26657', 'http://[2001:db8::1]:26657'],
    ['tcp://[::ffff:10.0.0.1]:443', 'https://[::ffff:10.0.0.1]:443'],
    ['node_1:1', 'http://node_1:1'],
    ['a:65535', 'http://a:65535'],
    [longest, `http://${longest}`],
    // URLs stay as they are.
    ['http://sentry:443', 'http://sentry:443'],
    ['https://rpc.example.com/path/', 'https://rpc.example.com/path/'],
    ['http://[2001:DB8::1]', 'http://[2001:DB8::1]'],
    ['http://[2001:db8::1]:26657/', 'http://[2001:db8::1]:26657/'],
    ['http://sentry', 'http://sentry'],
  ] as const) {
    it(`takes ${given.slice(0, 60)} for ${url.slice(0, 60)}, and that for itself`, () => {
      assert.equal(rpcAddress.parse(given), url);
      assert.equal(rpcAddress.parse(url), url);
      assert.equal(rpcUrl(given), url);
    });
  }

  for (const given of [
    'sentry',
    '10.0.0.1',
    'tcp://sentry',
    'sentry:',
    ':26657',
    'sentry:0',
    'sentry:65536',
    'sentry:026657',
    'sentry:26657/status',
    'tcp://sentry:26657/path',
    'sentry:26657?apikey=x',
    'tcp://sentry:26657?a',
    'sentry:26657#a',
    'me:secret@sentry:26657',
    'me@sentry:26657',
    'tcp://me:secret@sentry:26657',
    'http://me:secret@sentry:26657',
    'http://sentry?apikey=x',
    'a:1,b:2',
    ' sentry:26657',
    'sentry:26657 ',
    'tcp:sentry:26657',
    'ws://sentry:26657',
    'unix:///run/rpc.sock',
    '2001:db8::1:26657',
    '[2001:db8::1]',
    '[sentry]:26657',
    '[fe80::1%eth0]:26657',
    '//sentry:26657',
    'http://a:1,http://b:1',
    'http://a:1,',
    'http://a, http://b',
    'http://2001:db8::1:26657',
    'http://2001:db8::1',
    'http://sentry:',
    'http://sentry:port',
    'http://sentry:0',
    'http://sentry:65536',
    `${'ab'.repeat(20)}@sentry:26657`,
    `tcp://${'ab'.repeat(20)}@sentry:26656`,
    `a${longest}`,
    '',
  ]) {
    it(`refuses ${JSON.stringify(given.slice(0, 60))}`, () => {
      assert.match(
        rpcAddress.safeParse(given).error?.message ?? 'accepted',
        /must be an http:\/\/ or https:\/\/ URL, host:port or tcp:\/\/host:port, without credentials/,
      );
    });
  }
});
