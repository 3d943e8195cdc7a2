// Errors as S3 answers them, for rules of an HTTP fault proxy. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
import type { HttpFaultReply } from '../http-fault-proxy.ts';

/** s3Error(503, 'SlowDown'); without a body the SDK knows only the status. */
export function s3Error(status: number, code: string, message = `${code} by the testbed`): HttpFaultReply {
  return {
    status,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message><RequestId>testbed</RequestId></Error>`,
  };
}
