import { TaskError } from '@nodetask/shared';
import { configuredEndpoint, type Environment } from './configured-endpoint.ts';
import { withoutLeading, withoutTrailing } from '@nodetask/runtime/foreign-text';

/** The params that say where an object store is, as `objectStoreFields` of shared/ has checked them. */
export interface ObjectStoreParams {
  readonly bucket?: string | undefined;
  readonly prefix?: string | undefined;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly forcePathStyle?: boolean | undefined;
  /** Only of tasks that read. */
  readonly anonymous?: boolean | undefined;
  readonly requestPayer?: 'requester' | undefined;
  /** `s3://bucket/prefix`, instead of bucket and prefix. */
  readonly uri?: string | undefined;
}

/** Where objects are, compiled once from params. */
export interface ObjectStoreLocation {
  readonly bucket: string;
  /** Empty, or ends in a slash: keys are `${prefix}${name}`. */
  readonly prefix: string;
  /** Absent: that of the standard provider chain. */
  readonly region?: string;
  /** Absent: the AWS endpoint of the region. */
  readonly endpoint?: string;
  /** The variable of the agent that names the endpoint; absent if params do. */
  readonly endpointVariable?: string;
  readonly forcePathStyle: boolean;
  /** Requests are not signed: the bucket is public. */
  readonly anonymous: boolean;
  /** The payer of the requests, if it is not the owner of the bucket. */
  readonly requestPayer?: 'requester';
}

const bucketPattern = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** The location that params with a prefix mean. Throws TaskError `invalid-params`, or `object-store-invalid` for a variable of the agent. */
export const compileLocation = (params: ObjectStoreParams, env: Environment = process.env): ObjectStoreLocation => {
  if (params.uri === undefined) {
    return {
      bucket: checkBucket('bucket', params.bucket ?? ''),
      prefix: asPrefix(params.prefix ?? ''),
      ...server(params, env),
    };
  }
  const { bucket, path } = splitUri(params.uri);
  return { bucket, prefix: asPrefix(path), ...server(params, env) };
};

/** The location and key of one object that `uri: s3://bucket/key` names. Throws TaskError `invalid-params`. */
export const compileObjectUri = (
  params: ObjectStoreParams & { readonly uri: string },
  env: Environment = process.env,
): { readonly location: ObjectStoreLocation; readonly key: string } => {
  const { bucket, path } = splitUri(params.uri);
  if (path === '' || path.endsWith('/')) throw invalid('uri', params.uri, 'names no object: give s3://bucket/key');
  return { location: { bucket, prefix: '', ...server(params, env) }, key: path };
};

/** How messages name a location or an object in it: the server where it is not AWS, never a credential. */
export const describeObject = ({ bucket, endpoint }: ObjectStoreLocation, key = ''): string =>
  `s3://${bucket}/${key}${endpoint === undefined ? '' : ` at ${endpoint.replace(/\/$/, '')}`}`;

const server = (
  { region, endpoint, forcePathStyle, anonymous = false, requestPayer }: ObjectStoreParams,
  env: Environment,
): Omit<ObjectStoreLocation, 'bucket' | 'prefix'> => {
  const named = endpoint === undefined ? configuredEndpoint(env) : { endpoint };
  return {
    ...(region === undefined ? {} : { region }),
    ...named,
    forcePathStyle: forcePathStyle ?? named !== undefined,
    anonymous,
    ...(requestPayer === undefined ? {} : { requestPayer }),
  };
};

/** Users write prefixes with and without slashes around them; keys never begin with one. */
const asPrefix = (text: string): string => {
  const bare = withoutLeading(withoutTrailing(text, '/'), '/');
  return bare === '' ? '' : `${bare}/`;
};

const splitUri = (uri: string): { readonly bucket: string; readonly path: string } => {
  const [, bucket, path] = /^s3:\/\/([^/]*)(?:\/(.*))?$/s.exec(uri) ?? [];
  if (bucket === undefined) throw invalid('uri', uri, 'is not s3://bucket/…');
  return { bucket: checkBucket('uri', bucket), path: path ?? '' };
};

const checkBucket = (field: string, bucket: string): string => {
  if (bucketPattern.test(bucket)) return bucket;
  throw invalid(field, bucket, 'is no S3 bucket name: 3 to 63 lower-case letters, digits, "." and "-"');
};

const invalid = (field: string, value: string, what: string): TaskError => {
  const message = `${JSON.stringify(value.slice(0, 200))} ${what}`;
  return new TaskError('invalid-params', `${field}: ${message}`, {
    details: { faults: [{ path: `params.${field}`, message }] },
  });
};
