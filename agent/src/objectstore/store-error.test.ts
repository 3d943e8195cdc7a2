import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorCodeEntry } from '@nodetask/shared';
import { evaluateAside } from '../tasks/testing/evaluate-aside.ts';
import { s3ErrorCodes } from './s3-error-codes.ts';
import { storeError } from './store-error.ts';

const where = { verb: 'read', where: 's3://bucket/key' };
const refusal = (message: string): Error =>
  Object.assign(new Error(message), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });

describe('the table of codes', () => {
  test('has the verdicts of our own table where it says whether trying again helps', () => {
    for (const [name, { code, retriable, remedy }] of s3ErrorCodes) {
      assert.equal(retriable, errorCodeEntry(code).retriable, name);
      assert.match(remedy, /^[a-z].*[^.]$/, name);
    }
  });
});

describe('an error of the object store', () => {
  test('shows no access key and no signature, and not much else', () => {
    const { message } = storeError(
      where,
      refusal(`AKIAIOSFODNN7EXAMPLE X-Amz-Signature=abc123 Credential=me/1 ${'said '.repeat(10_000)}`),
    );
    assert.match(message, /^cannot read s3:\/\/bucket\/key: AccessDenied \(HTTP 403\): … … … said said/);
    assert.ok(message.length < 500);
  });

  for (const [name, status, message, code, retriable, advice] of [
    ['NoSuchBucket', 404, 'gone', 'bucket-missing', false, /create the bucket$/],
    ['AccessDenied', 403, 'no', 'object-store-refused', false, /bucket's policy or the role of the agent$/],
    [
      'AccessDenied',
      403,
      'not authorized to perform: kms:Decrypt',
      'object-store-refused',
      false,
      /this action on the bucket's KMS key$/,
    ],
    ['KMS.DisabledException', 400, 'the key is disabled', 'object-store-refused', false, /KMS key .*: enable it/],
    ['KMS.NotFoundException', 400, 'no key', 'object-store-refused', false, /another key for the bucket$/],
    ['EntityTooSmall', 400, 'too small', 'object-store-invalid', false, /larger parts than the agent sends/],
    ['EntityTooLarge', 400, 'too large', 'object-store-invalid', false, /raise the limit of the store/],
    ['InvalidObjectState', 403, 'GLACIER', 'object-archived', false, /restore the object from the archive/],
    ['InsufficientStorage', 507, 'full', 'object-store-full', false, /free space there, or raise the quota$/],
    ['XMinioStorageFull', 507, 'full', 'object-store-full', false, /free space there/],
    ['QuotaExceeded', 403, 'full', 'object-store-full', false, /raise the quota$/],
    ['UnknownError', 507, '', 'object-store-full', false, /free space there/],
    ['RequestTimeTooSkewed', 403, 'late', 'object-store-refused', false, /clock of this machine is wrong: set it$/],
    ['UserSuspended', 403, 'no', 'object-store-refused', false, /ask whoever runs the store$/],
    ['NotImplemented', 501, 'no', 'object-store-invalid', false, /does not know this call/],
    ['UnknownError', 405, 'no', 'object-store-invalid', false, /does not know this call/],
    ['OperationAborted', 409, 'busy', 'object-changed', true, /meanwhile$/],
    ['KMS.ThrottlingException', 400, 'busy', 'object-store-unreachable', true, /KMS behind the bucket is busy/],
    ['KMS.KMSInvalidStateException', 400, 'gone', 'object-store-refused', false, /enable it/],
    ['InvalidObjectState', 400, 'GLACIER', 'object-archived', false, /restore the object from the archive/],
    ['SlowDown', 400, 'busy', 'object-store-unreachable', true, /fewer requests/],
    ['SlowDownWrite', 503, 'busy', 'object-store-unreachable', true, /fewer requests/],
    ['ExpiredToken', 400, 'old', 'object-store-refused', false, /renew them$/],
    ['InvalidAccessKeyId', 403, 'who', 'object-store-refused', false, /access key or its secret/],
    ['SignatureDoesNotMatch', 403, 'who', 'object-store-refused', false, /access key or its secret/],
    ['PermanentRedirect', 301, 'there', 'object-store-invalid', false, /another region: correct region$/],
    ['AuthorizationHeaderMalformed', 400, 'there', 'object-store-invalid', false, /correct region$/],
    ['UnknownError', 301, '', 'object-store-invalid', false, /correct region$/],
    ['NoSuchKey', 404, 'no', 'object-missing', false, /what has been uploaded$/],
    ['InvalidRange', 416, 'no', 'object-changed', true, /meanwhile$/],
    ['PreconditionFailed', 412, 'no', 'object-changed', true, /meanwhile$/],
    ['MethodNotAllowed', 405, 'no', 'object-store-invalid', false, /does not know this call/],
    ['BadDigest', 400, 'no', 'object-store-unreachable', true, /check the network/],
    ['AccessDenied', 401, 'no', 'object-store-refused', false, /requestPayer: requester/],
    ['SomethingNew', 403, 'no', 'object-store-refused', false, /role of the agent$/],
    ['SomethingNew', 429, 'no', 'object-store-unreachable', true, /fewer requests/],
    ['SomethingNew', 418, 'no', 'object-store-invalid', false, /an S3 server listens there$/],
    ['RequestTimeout', 400, 'slow', 'object-store-unreachable', true, /check endpoint, region and network/],
    ['InternalError', 200, 'oops', 'object-store-unreachable', true, /run it again$/],
    ['ServiceUnavailable', 503, 'later', 'object-store-unreachable', true, /run it again$/],
  ] as const) {
    test(`of ${name} with HTTP ${status} (${message}) is ${code}, and says what to do`, () => {
      const error = storeError(
        where,
        Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } }),
      );
      assert.deepEqual([error.code, error.retriable], [code, retriable], error.message);
      assert.match(error.message, advice);
      assert.match(error.message, new RegExp(`^cannot read s3://bucket/key: ${name} \\(HTTP ${status}\\)`));
    });
  }

  test('of a request that was not signed does not speak of the rights of the agent', () => {
    const { code, message } = storeError({ ...where, isAnonymous: true }, refusal('no'));
    assert.equal(code, 'object-store-refused');
    assert.match(message, /not for everybody to read: .*leave anonymous out/);
    assert.doesNotMatch(message, /role of the agent/);
  });

  test('of a certificate that is refused is not tried again, however deep its cause lies', () => {
    const refused = Object.assign(new Error('certificate has expired'), { code: 'CERT_HAS_EXPIRED' });
    const error = storeError(where, new Error('fetch failed', { cause: new AggregateError([refused], '') }));
    assert.deepEqual([error.code, error.retriable], ['object-store-invalid', false]);
    assert.match(error.message, /refused \(CERT_HAS_EXPIRED\): correct the address or the certificate/);
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
