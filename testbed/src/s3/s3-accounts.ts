// Accounts of the S3 server beside the one that owns everything: what a bucket's policy does not allow them, they may not do.
import { randomBytes } from 'node:crypto';
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import type { AwsCredentials } from '../aws-credentials.ts';
import { bareEnvironment } from '../config.ts';
import { mustRun } from '../process/run-command.ts';
import { findProgram } from '../programs/find-program.ts';
import type { S3Server } from '../s3.ts';

/** A statement of an IAM policy of an identity: it has no Principal. */
export type IdentityStatement = Readonly<Record<'Effect' | 'Action' | 'Resource', unknown>>;

export interface Grant {
  readonly account: AwsCredentials;
  readonly statements: readonly IdentityStatement[];
}

export async function addS3Account(server: S3Server, name: string): Promise<AwsCredentials> {
  const account = { accessKey: name, secretKey: randomBytes(20).toString('hex'), region: server.region };
  const owner = ['--access', server.accessKey, '--secret', server.secretKey, '--region', server.region];
  const user = ['--access', account.accessKey, '--secret', account.secretKey, '--role', 'user'];
  await mustRun(
    await findProgram('versitygw'),
    ['admin', ...owner, '--endpoint-url', server.endpoint, 'create-user', ...user],
    { env: bareEnvironment({}) },
  );
  return account;
}

/** Makes a bucket's policy of what identities may do, in place of the one that it has. */
export async function setBucketPolicy({ files }: S3Server, bucket: string, grants: readonly Grant[]): Promise<void> {
  const statements = grants.flatMap(({ account, statements: allowed }) =>
    allowed.map((statement) => ({ ...statement, Principal: { AWS: [account.accessKey] } })),
  );
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  await files.client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: policy }));
}
