/**
 * A plain S3 client for pipes, with the SDK's own uploader and nothing else:
 *
 *   plain-client.ts put|get <endpoint> <bucket> <key>
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

const [verb, endpoint = '', bucket = '', key = ''] = process.argv.slice(2);
const client = new S3Client({ endpoint, forcePathStyle: true });
if (verb === 'put') {
  await new Upload({ client, params: { Bucket: bucket, Key: key, Body: process.stdin } }).done();
} else {
  const { Body: body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  if (!(body instanceof Readable)) throw new Error('an answer without a body');
  await pipeline(body, process.stdout);
}
client.destroy();
