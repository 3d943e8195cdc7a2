import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** Lets the standard provider chain ask this STS for credentials, by web identity and no other way, as long as the test runs. */
export const useWebIdentity = (t: TestContext, stsUrl: string): void => {
  const folder = mkdtempSync(join(tmpdir(), 'nodetask-identity-'));
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, 'token');
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;
  delete process.env['AWS_ACCESS_KEY_ID'];
  delete process.env['AWS_SECRET_ACCESS_KEY'];
  const used = {
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
    AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/test',
    AWS_ENDPOINT_URL_STS: stsUrl,
  };
  Object.assign(process.env, used);
  t.after(() => {
    for (const name of Object.keys(used)) delete process.env[name];
    Object.assign(process.env, { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY });
    rmSync(folder, { recursive: true });
  });
};

/** The answer of STS. */
export const webIdentityAnswer = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
  <Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken>
  <Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;
