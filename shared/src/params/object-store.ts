import { z } from 'zod';
import { uri } from './fields.ts';

const bucket = z
  .string()
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
  .regex(/^[a-z0-9-]{1,64}$/, 'must be a region name such as eu-central-1')
  .describe('Region of the bucket. Required with bucket; with uri the default is that of the standard provider chain.');

const endpoint = z
  .string()
  .max(2048)
  .regex(/^https?:\/\/[^\s/?#@]+\/?$/, 'must be an http:// or https:// URL of a host, without path and credentials')
  .describe('URL of an S3-compatible server. Default: the AWS endpoint of the region.');

const forcePathStyle = z
  .boolean()
  .describe('Address the bucket in the path, not in the host name. Default: true where endpoint is set, else false.');

/** Where an object store is and what in it is meant. Credentials come from the standard provider chain only. */
export const objectStoreFields = {
  bucket: bucket.optional(),
  prefix: prefix.optional(),
  region: region.optional(),
  endpoint: endpoint.optional(),
  forcePathStyle: forcePathStyle.optional(),
  uri: uri.optional(),
};

/** A rule over several fields: once for zod, once as CEL over `self` = the params object. */
export interface CrossFieldRule {
  /** CEL expression over `self`, the params object; true = good. */
  readonly cel: string;
  readonly message: string;
  /** The same rule for zod; `params` is the parsed object. */
  readonly holds: (params: Readonly<Record<string, unknown>>) => boolean;
}

const isSet = (params: Readonly<Record<string, unknown>>, key: string): boolean => params[key] !== undefined;

/** The location is either `bucket` and `region`, or an `s3://` URI. */
export const objectStoreRules: readonly CrossFieldRule[] = [
  {
    cel: 'has(self.bucket) != has(self.uri)',
    message: 'give exactly one of bucket and uri',
    holds: (params) => isSet(params, 'bucket') !== isSet(params, 'uri'),
  },
  {
    cel: '!has(self.bucket) || has(self.region)',
    message: 'bucket needs region',
    holds: (params) => !isSet(params, 'bucket') || isSet(params, 'region'),
  },
  {
    cel: '!has(self.uri) || !has(self.prefix)',
    message: 'prefix is part of uri: give it there',
    holds: (params) => !isSet(params, 'uri') || !isSet(params, 'prefix'),
  },
  {
    cel: "!has(self.uri) || self.uri.startsWith('s3://')",
    message: 'uri must be s3://bucket/prefix for this task type',
    holds: (params) => !isSet(params, 'uri') || String(params['uri']).startsWith('s3://'),
  },
];
