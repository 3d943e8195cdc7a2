import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { evaluateAside } from '../tasks/testing/evaluate-aside.ts';
import { storeError } from './store-error.ts';

const where = { verb: 'read', where: 's3://bucket/key' };
const refusal = (message: string): Error =>
  Object.assign(new Error(message), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });

describe('an error of the object store', () => {
  test('shows no access key and no signature, and not much else', () => {
    const { message } = storeError(
      where,
      refusal(`AKIAIOSFODNN7EXAMPLE X-Amz-Signature=abc123 Credential=me/1 ${'said '.repeat(10_000)}`),
    );
    assert.match(message, /^cannot read s3:\/\/bucket\/key: AccessDenied \(HTTP 403\): … … … said said/);
    assert.ok(message.length < 500);
  });

  for (const unit of ['X-Amz--', 'X-Amz-a', 'AKIA', 'Signature=', 'ASIAA ']) {
    test(`of ten megabytes of ${JSON.stringify(unit)} is told at once`, async () => {
      const answer = await evaluateAside(new URL('store-error.ts', import.meta.url), 'storeError', [
        where,
        new Error(unit.repeat(10_000_000 / unit.length)),
      ]);
      assert.ok(answer instanceof Error);
      assert.ok(answer.message.length < 500);
    });
  }
});
