import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureParts, failureText } from './failure-text.ts';
import { TaskError } from './task-error.ts';

const texts = [
  {
    what: 'begins a sentence of its own',
    message: 'config.toml has no chain_id; nothing was changed: write it anew with configure-genesis',
    text: 'config.toml has no chain_id; nothing was changed. Write it anew with configure-genesis',
  },
  {
    what: 'goes on to the end, although its last clause is no advice',
    message: 'it is refused: give the agent credentials; never in params',
    text: 'it is refused. Give the agent credentials; never in params',
  },
  {
    what: 'may follow a question',
    message: 'there is no key mxa_peers; did you mean max_peers? Write that one',
    text: 'there is no key mxa_peers; did you mean max_peers? Write that one',
  },
  {
    what: 'is not an error of the system whose call is called by a verb',
    message: 'https://a.example: connect ECONNREFUSED 10.0.0.1:443',
    text: 'https://a.example, connect ECONNREFUSED 10.0.0.1:443',
  },
  {
    what: 'does not come before what was left unchanged',
    message: 'check failed: use of an old file; nothing was changed; the hash differs',
    text: 'check failed, use of an old file; nothing was changed; the hash differs',
  },
] as const;

for (const { what, message, text } of texts) {
  test(`the remedy of a message ${what}`, () => {
    assert.equal(failureText(failureParts(message)), text);
  });
}

test('a cause keeps colons in addresses and in quoted values, and has no others', () => {
  const cause = 'cannot read s3://a/b at http://c:1: NoSuchBucket (HTTP 404): "a: b".: ';
  assert.equal(failureText({ cause }), 'cannot read s3://a/b at http://c:1, NoSuchBucket (HTTP 404), "a: b"');
});

test('advice in words of somebody else is not taken for the remedy of an error that has its own', () => {
  const error = new TaskError('object-store-refused', 'the store says: Check your bill.', {
    remedy: 'renew the token',
  });
  assert.equal(error.message, 'the store says: Check your bill: renew the token');
  assert.equal(failureText(error.parts), 'the store says, Check your bill. Renew the token');
});

test('a remedy may begin with what else is known', () => {
  const remedy = 'the store is full: free space there';
  const error = new TaskError('object-store-full', 'cannot write x: QuotaExceeded', { remedy });
  assert.equal(failureText(error.parts), 'cannot write x, QuotaExceeded, the store is full. Free space there');
});

test('a quoted value keeps its colons behind a quote of its own, and a quote that is never closed hides none', () => {
  assert.equal(
    failureText({ cause: String.raw`it is "a \": b", not this: c` }),
    String.raw`it is "a \": b", not this, c`,
  );
  assert.equal(failureText({ cause: 'it says "a: b' }), 'it says "a, b');
});
