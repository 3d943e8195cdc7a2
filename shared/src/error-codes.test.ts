import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerErrorCodes } from './answer-error-codes.ts';
import { taskErrorCodes } from './task-error-codes.ts';

test('no code has two meanings', () => {
  const both = Object.keys(answerErrorCodes).filter((code) => Object.hasOwn(taskErrorCodes, code));
  assert.deepEqual(both, []);
});
