import * as z from 'zod';
import { exactlyOne, notBoth, requires, type CrossFieldRule } from '../cross-field-rule.ts';
import { uri } from './fields.ts';

const bucket = z
  .string()
  .max(63)
  .regex(
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    'must be an S3 bucket name: 3 to 63 lower-case letters, digits, "." and "-"',
  )
  .describe('S3 bucket. Give bucket and region, or uri.');

const prefix = z
  .string()
  .max(512)
  .describe('Key prefix inside the bucket, with or without the trailing slash. Default: the top of the bucket.');

const region = z
  .string()
  .max(64)
  .regex(/^[a-z0-9-]{1,64}$/, 'must be a region name such as eu-central-1')
  .describe('Region of the bucket. Required with bucket; with uri the default is that of the standard provider chain.');

const endpoint = z
  .string()
  .max(2048)
  .regex(/^https?:\/\/[^\s/?#@]+\/?$/, 'must be an http:// or https:// URL of a host, without path and credentials')
  .describe(
    'URL of an S3-compatible server. Default: AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL of the agent, else the AWS endpoint of the region.',
  );

const forcePathStyle = z
  .boolean()
  .describe(
    'Address the bucket in the path, not in the host name. Default: true where endpoint or its variable is set, else false.',
  );

const requestPayer = z
  .enum(['requester'])
  .describe(
    'Set it to requester for a bucket whose owner has whoever asks pay for requests and data: the account of the agent then pays.',
  );

const anonymous = z
  .boolean()
  .describe(
    'Read a public bucket without credentials: requests are not signed, and none are looked for. Default: false.',
  );

/** Only of tasks that read. */
export const readerFields = { anonymous: anonymous.optional() };

export const readerRule: CrossFieldRule = {
  cel: '!has(self.anonymous) || !self.anonymous || !has(self.requestPayer)',
  message: 'requestPayer does not go with anonymous: only an account can pay, so remove one of them',
  holds: (params) => params['anonymous'] !== true || params['requestPayer'] === undefined,
};

/** Where an object store is and what in it is meant. Credentials come from the standard provider chain only. */
export const objectStoreFields = {
  bucket: bucket.optional(),
  prefix: prefix.optional(),
  region: region.optional(),
  endpoint: endpoint.optional(),
  forcePathStyle: forcePathStyle.optional(),
  requestPayer: requestPayer.optional(),
  uri: uri.optional(),
};

export const isS3Uri = (value: unknown): boolean => typeof value === 'string' && value.startsWith('s3://');

/** The location is either `bucket` and `region`, or an `s3://` URI. */
export const objectStoreRules: readonly CrossFieldRule[] = [
  exactlyOne('bucket', 'uri', 'give either bucket and region, or uri'),
  requires('bucket', 'region', 'bucket needs region: give both, for instance region: eu-central-1'),
  notBoth('uri', 'prefix', 'prefix does not go with uri: write it into uri, as s3://bucket/prefix'),
  {
    cel: "!has(self.uri) || self.uri.startsWith('s3://')",
    message: 'uri must be s3://bucket/prefix for this task type',
    holds: (params) => params['uri'] === undefined || isS3Uri(params['uri']),
  },
];
