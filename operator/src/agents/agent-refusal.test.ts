import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorCodes } from '@nodetask/shared';
import { refusalOf, retryAfter } from './agent-refusal.ts';

const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
  status,
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const agent = 'the agent of pod sei-0 at 10.1.2.3:7777';
const refusal = (status: number, code: string, retriable: boolean, details?: object) =>
  refusalOf(
    agent,
    'POST /v0/tasks',
    answer(status, { error: `about ${code}`, code, retriable, ...(details && { details }) }),
  );

const blockedBy = { id: '0c5ab1a5-7e0a-4d83-9d70-2f6d9ac64fd4', type: 'mark-ready' };

test('every code of an HTTP answer has its meaning for the operator', () => {
  const kinds: Record<string, string> = {
    busy: 'busy',
    gone: 'gone',
    fenced: 'fenced',
    'not-found': 'missing',
    unauthorized: 'silent',
  };
  for (const [code, entry] of Object.entries(errorCodes)) {
    if (!('status' in entry)) continue;
    const expected = kinds[code] ?? (entry.retriable || entry.status >= 500 ? 'silent' : 'refused');
    assert.equal(refusal(entry.status, code, entry.retriable).kind, expected, code);
  }
});

test('an agent that answers and cannot work is told from one that does not let the operator in, and from another pod', () => {
  const full = refusalOf(
    agent,
    'POST /v0/tasks',
    answer(503, {
      error: 'the journal /state/journal.sqlite cannot be written: database or disk is full',
      code: 'store-unavailable',
      retriable: true,
    }),
  );
  assert.equal(full.why, 'unable');
  assert.equal(
    full.message,
    "the agent of pod sei-0 at 10.1.2.3:7777 cannot work now (store-unavailable): the journal /state/journal.sqlite cannot be written, database or disk is full. Look at the disk of the agent's state folder: full, read-only or failing",
  );
  for (const code of ['stopping', 'too-many-connections', 'internal', 'fence-ahead', 'a-code-of-tomorrow']) {
    assert.equal(refusal(503, code, true).why, 'unable', code);
  }
  const stranger = refusal(401, 'unauthorized', false);
  assert.equal(stranger.why, 'untrusted');
  assert.match(
    stranger.message,
    /^the agent of pod sei-0 at 10\.1\.2\.3:7777 does not let the operator in: about unauthorized$/,
  );
  const other = refusal(421, 'wrong-pod', true);
  assert.equal(other.why, undefined);
  assert.match(
    other.message,
    /^the agent of pod sei-0 at 10\.1\.2\.3:7777 is not there: another pod answers at its address/,
  );
});

test('what an agent says beside a remedy is cut, so that the remedy is read', () => {
  const error = refusalOf(agent, 'x', answer(503, { error: 'x'.repeat(9000), code: 'stopping', retriable: true }));
  assert.ok(error.message.length < 800);
  assert.match(error.message, /x… Try again when it is back$/);
});

test('busy says who is in the way, and when to come back', () => {
  const error = refusalOf(
    agent,
    'POST /v0/tasks',
    answer(409, { error: 'x', code: 'busy', retriable: true, details: { blockedBy } }, { 'retry-after': '2' }),
  );
  assert.deepEqual(error.blockedBy, blockedBy);
  assert.equal(error.retryAfterMs, 2000);
});

test('what is no answer of the agent API is never taken for one', () => {
  for (const body of ['', '<html>not found</html>', '{}', '[]', '{"error":1,"code":"gone","retriable":false}']) {
    const error = refusalOf(agent, 'POST /v0/tasks', answer(404, body));
    assert.equal(error.kind, 'silent', body);
    assert.match(
      error.message,
      /^what answers in place of the agent of pod sei-0 at 10\.1\.2\.3:7777 is no agent: HTTP 404 without an error of the agent API \(POST \/v0\/tasks\)$/,
    );
  }
  // A blocker of a wrong shape makes the whole answer untrusted.
  assert.equal(refusal(409, 'busy', true, { blockedBy: { id: 'no-uuid' } }).kind, 'silent');
});

test('text of an agent is cut and free of control characters', () => {
  const error = refusalOf(
    agent,
    'x',
    answer(400, { error: `a\n\u001b${'b'.repeat(5000)}`, code: 'invalid-params', retriable: false }),
  );
  assert.equal(error.message.length, 1024);
  assert.match(error.message, /^a b/);
});

test('Retry-After counts in seconds only', () => {
  assert.equal(retryAfter('5'), 5000);
  for (const header of [undefined, '', '-1', '1.5', 'Wed, 21 Oct 2026 07:28:00 GMT', ['1', '2']]) {
    assert.equal(retryAfter(header), undefined);
  }
});
