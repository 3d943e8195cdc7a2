// A plain S3 client for setting up and asserting: small objects, whole in memory. It shares no code with the agent.
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { AwsCredentials } from '../aws-credentials.ts';

export interface S3Object {
  readonly key: string;
  readonly bytes: number;
  /** With its quotes, as HTTP has it. */
  readonly etag: string;
}

export interface S3Upload {
  readonly key: string;
  readonly uploadId: string;
}

export class S3Files {
  readonly client: S3Client;

  constructor(server: AwsCredentials & { readonly endpoint: string }) {
    this.client = new S3Client({
      endpoint: server.endpoint,
      region: server.region,
      forcePathStyle: true,
      credentials: { accessKeyId: server.accessKey, secretAccessKey: server.secretKey },
    });
  }

  async createBucket(bucket: string): Promise<void> {
    await this.client.send(new CreateBucketCommand({ Bucket: bucket }));
  }

  async put(bucket: string, key: string, body: string | Uint8Array): Promise<void> {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    await this.client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }));
  }

  /** Throws NoSuchKey where there is none. */
  async get(bucket: string, key: string): Promise<Buffer> {
    const { Body } = await this.client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    if (Body === undefined) throw new Error(`GetObject ${bucket}/${key} answered without a body`);
    return Buffer.from(await Body.transformToByteArray());
  }

  async delete(bucket: string, key: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
  }

  /** Every object under the prefix, in the order of the keys, over all pages. */
  async list(bucket: string, prefix = ''): Promise<S3Object[]> {
    const objects: S3Object[] = [];
    for await (const page of paginateListObjectsV2({ client: this.client }, { Bucket: bucket, Prefix: prefix })) {
      for (const { Key: key, Size: bytes, ETag: etag } of page.Contents ?? []) {
        if (key === undefined || bytes === undefined || etag === undefined)
          throw new Error(`ListObjectsV2 ${bucket}: an object without key, size or ETag (${String(key)})`);
        objects.push({ key, bytes, etag });
      }
    }
    return objects;
  }

  /** Multipart uploads that were begun and neither completed nor aborted: the first thousand. */
  async uploads(bucket: string): Promise<S3Upload[]> {
    const { Uploads = [] } = await this.client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    return Uploads.map(({ Key: key = '', UploadId: uploadId = '' }) => ({ key, uploadId }));
  }

  close(): void {
    this.client.destroy();
  }
}
