import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ApiError, isAlreadyExists, isConflict, isExpired, isNotFound } from './api-error.ts';
import { errorOfNetwork, errorOfResponse, wasClosedBeforeAnswer } from './api-response.ts';

const call = 'GET /api/v1/pods';

test('the message says which call, the code, the reason and what the server said', () => {
  const error = errorOfResponse(call, 404, undefined, '{"reason":"NotFound","message":"pods \\"a\\" not found"}');
  assert.equal(error.message, 'GET /api/v1/pods: 404 NotFound: pods "a" not found');
  assert.deepEqual(
    [error.code, error.reason, error.retriable, error.retryAfterMs],
    [404, 'NotFound', false, undefined],
  );
});

test('Retry-After is read from the header, else from the Status; absurd ones are capped', () => {
  assert.equal(errorOfResponse(call, 429, '3', '').retryAfterMs, 3000);
  assert.equal(errorOfResponse(call, 503, undefined, '{"details":{"retryAfterSeconds":2}}').retryAfterMs, 2000);
  assert.equal(errorOfResponse(call, 429, '999999', '').retryAfterMs, 300_000);
  assert.equal(errorOfResponse(call, 429, 'Wed, 21 Oct 2026 07:28:00 GMT', '').retryAfterMs, undefined);
});

test('what is not a Status goes into the message, cut', () => {
  const error = errorOfResponse(call, 502, undefined, `<html>${'x'.repeat(5000)}`);
  assert.equal(error.reason, 'HTTP502');
  assert.ok(error.message.length < 1200);
  assert.ok(error.retriable);
});

const of = (code: number, reason: string): ApiError =>
  errorOfResponse(call, code, undefined, JSON.stringify({ reason }));

test('codes and reasons are told apart', () => {
  assert.ok(isConflict(of(409, 'Conflict')) && !isConflict(of(409, 'AlreadyExists')));
  assert.ok(isAlreadyExists(of(409, 'AlreadyExists')) && !isAlreadyExists(of(409, 'Conflict')));
  assert.ok(isExpired(of(410, 'Expired')) && isNotFound(of(404, 'NotFound')));
  assert.ok(!isNotFound(new Error('404')));
});

test('network errors are retriable and keep their cause', () => {
  const cause = Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' });
  const error = errorOfNetwork(call, cause);
  assert.deepEqual([error.code, error.reason, error.retriable, error.cause], [0, 'NetworkError', true, cause]);
  assert.match(error.message, /UND_ERR_SOCKET: other side closed/);
  assert.ok(wasClosedBeforeAnswer(error));
  assert.ok(!wasClosedBeforeAnswer(errorOfNetwork(call, Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))));
});
