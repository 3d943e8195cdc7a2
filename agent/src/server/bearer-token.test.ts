import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { type ApiErrorBody, silentLogger } from '@nodetask/shared';
import { startTestServer } from '../../test/support/test-server.ts';
import { BearerTokens, TokenFileError } from './bearer-token.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nodetask-token-'));
  path = join(folder, 'token');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const open = (clock = new FakeClock()) => new BearerTokens(path, clock, silentLogger);

test('only the very token is let in', () => {
  writeFileSync(path, 'right-token\n');
  const tokens = open();
  assert.equal(tokens.accepts('Bearer right-token'), true);
  assert.equal(tokens.accepts('bearer right-token'), true, 'the scheme has no case (RFC 9110)');
  for (const wrong of [
    undefined,
    '',
    'right-token',
    'Bearer',
    'Bearer ',
    'Bearer right-toke',
    'Bearer right-token x',
    'Basic right-token',
    'Bearer right-token,right-token',
  ]) {
    assert.equal(tokens.accepts(wrong), false, String(wrong));
  }
});

test('two lines are two tokens, for the time in which one replaces the other', () => {
  writeFileSync(path, 'old\nnew\n');
  const tokens = open();
  assert.deepEqual(
    ['old', 'new', 'old\nnew'].map((token) => tokens.accepts(`Bearer ${token}`)),
    [true, true, false],
  );
});

test('a rotation counts at once, also by a symlink as the kubelet does it', () => {
  writeFileSync(join(folder, 'v1'), 'one');
  writeFileSync(join(folder, 'v2'), 'two');
  symlinkSync('v1', path);
  const tokens = open();
  assert.equal(tokens.accepts('Bearer one'), true);
  symlinkSync('v2', join(folder, 'next'));
  renameSync(join(folder, 'next'), path);
  assert.deepEqual([tokens.accepts('Bearer one'), tokens.accepts('Bearer two')], [false, true]);
});

test('a file that is gone or empty lets nobody in, until it is back', () => {
  writeFileSync(path, 'one');
  const tokens = open();
  rmSync(path);
  assert.equal(tokens.accepts('Bearer one'), false);
  writeFileSync(path, '');
  assert.equal(tokens.accepts('Bearer one'), false);
  assert.equal(tokens.accepts('Bearer '), false);
  writeFileSync(path, 'one');
  assert.equal(tokens.accepts('Bearer one'), true);
});

test('at the start, the file must be good', () => {
  assert.throws(open, (error) => error instanceof TokenFileError && error.message.includes(path));
  writeFileSync(path, '\n\n');
  assert.throws(open, /has no token/);
});

test('everything but the probes needs the token, also what does not exist', async () => {
  await using server = await startTestServer({ token: 'right-token' });
  const none = { Authorization: '' };
  for (const [method, route] of [
    ['POST', '/v0/tasks'],
    ['GET', '/v0/tasks'],
    ['GET', '/v0/status'],
    ['GET', '/v0/node-id'],
    ['GET', '/v0/metrics'],
    ['GET', '/v0/openapi.json'],
    ['GET', '/no/such/route'],
    ['PATCH', '/v0/tasks'],
  ] as const) {
    for (const headers of [none, { Authorization: 'Bearer wrong' }]) {
      const answer = await server.call(method, route, method === 'GET' ? undefined : 'not json', headers);
      assert.deepEqual([answer.status, (answer.body as ApiErrorBody).code], [401, 'unauthorized'], route);
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer /);
      assert.equal(answer.headers.get('x-nodetask-boot-id'), server.identity.bootID);
    }
  }
  assert.equal((await server.call('GET', '/v0/livez', undefined, none)).status, 200);
  assert.equal((await server.call('GET', '/v0/healthz', undefined, none)).status, 503);
  assert.equal((await server.call('GET', '/v0/startupz', undefined, none)).status, 503);
  assert.equal((await server.call('GET', '/v0/status')).status, 200);

  writeFileSync(server.tokenFile, 'a-new-token');
  assert.equal((await server.call('GET', '/v0/status')).status, 401, 'rotated without a restart');
  assert.equal(
    (await server.call('GET', '/v0/status', undefined, { Authorization: 'Bearer a-new-token' })).status,
    200,
  );
});
