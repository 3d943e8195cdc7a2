import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiAnswer } from './api-server.ts';
import { judgeAnswer, type Verdict } from './judge-answer.ts';

const answer = (status: number, message = '', retryAfterMs?: number): ApiAnswer => ({
  status,
  reason: '',
  message,
  retryAfterMs,
});

const table: readonly [answer: ApiAnswer, fitting: Verdict, least?: Verdict][] = [
  [answer(200), { kind: 'accepted' }],
  [answer(201), { kind: 'accepted' }],
  [answer(404, 'nodetasks.nodetask.dev "more-peers" not found'), { kind: 'gone' }],
  [answer(404, 'the server could not find the requested resource'), { kind: 'retry', metric: 'failed' }],
  [answer(404, '404 page not found\n'), { kind: 'retry', metric: 'failed' }],
  [answer(404), { kind: 'retry', metric: 'failed' }],
  [answer(409, 'Precondition failed: UID in precondition: a, UID in object meta: b'), { kind: 'gone' }],
  [
    answer(409, 'uid mismatch: the provided object specified uid a, and no existing object was found'),
    { kind: 'gone' },
  ],
  [
    answer(409, 'Operation cannot be fulfilled on nodetasks.nodetask.dev "set-uid": the object has been modified'),
    { kind: 'retry', metric: 'failed' },
  ],
  [answer(409, 'the object has been modified'), { kind: 'retry', metric: 'failed' }],
  [answer(413), { kind: 'shrink' }, { kind: 'retry', metric: 'refused' }],
  [answer(422), { kind: 'shrink' }, { kind: 'retry', metric: 'refused' }],
  [answer(401), { kind: 'retry', metric: 'unauthorized' }],
  [answer(403), { kind: 'retry', metric: 'forbidden' }],
  [answer(429, '', 7000), { kind: 'pause', afterMs: 7000 }],
  [answer(503), { kind: 'pause', afterMs: undefined }],
  [answer(500), { kind: 'retry', metric: 'failed' }],
  [answer(302), { kind: 'retry', metric: 'failed' }],
];

for (const [given, fitting, least = fitting] of table) {
  test(`${String(given.status)} ${given.message}: ${fitting.kind}`, () => {
    assert.deepEqual(judgeAnswer(given, 'fitting'), fitting);
    assert.deepEqual(judgeAnswer(given, 'least'), least);
  });
}
