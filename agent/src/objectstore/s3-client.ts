import type * as SDK from './s3-sdk.ts';
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import type { Egress } from '../node/egress.ts';
import type { ObjectStoreLocation } from './location.ts';

/** The SDK with a client for one location. */
export interface S3 {
  readonly sdk: typeof SDK;
  readonly client: S3Client;
}

/** Of one request: the first try and those after SlowDown, other 5xx and broken connections, with the SDK's backoff. */
const maxAttempts = 5;
const connectTimeoutMs = 10_000;
/** Of silence on a connection. Servers that join the parts of an upload as files take their time to answer. */
const idleTimeoutMs = 120_000;

/**
 * Loads the SDK (on first use: it takes longer to load than the agent to start) and makes a client. Credentials come from the standard
 * provider chain and nowhere else, or requests are not signed at all; connections pass the egress check, and answers are bounded.
 */
export const createS3 = async (location: ObjectStoreLocation, egress: Egress): Promise<S3> => {
  // The agents too: `import` of node:http reads each of its exports, and that of WebSocket loads a whole HTTP client.
  const [sdk, { guardedAgents }, { BoundedHandler }] = await Promise.all([
    import('./s3-sdk.ts'),
    import('./guarded-agents.ts'),
    import('./bounded-handler.ts'),
  ]);
  const { region, endpoint, forcePathStyle, anonymous, requestPayer } = location;
  const client = new sdk.S3Client({
    ...(region === undefined ? {} : { region }),
    // Servers other than AWS may store the framing of checksums that they do not understand inside the object.
    ...(endpoint === undefined
      ? {}
      : {
          endpoint,
          requestChecksumCalculation: 'WHEN_REQUIRED' as const,
          responseChecksumValidation: 'WHEN_REQUIRED' as const,
        }),
    ...(anonymous ? unsigned : {}),
    forcePathStyle,
    maxAttempts,
    followRegionRedirects: false,
    requestHandler: new BoundedHandler({
      connectionTimeout: connectTimeoutMs,
      socketTimeout: idleTimeoutMs,
      ...guardedAgents(egress, { keepAlive: true, maxSockets: 16 }),
    }),
  });
  if (requestPayer !== undefined) {
    client.middlewareStack.add(
      (next) => (args) => {
        (args.request as { readonly headers: Record<string, string> }).headers['x-amz-request-payer'] = requestPayer;
        return next(args);
      },
      { step: 'build', name: 'requestPayer' },
    );
  }
  return { sdk, client };
};

/** Requests leave as they are: no credentials are looked for, and none are sent. */
const unsigned: Pick<S3ClientConfig, 'credentials' | 'signer'> = {
  credentials: { accessKeyId: '', secretAccessKey: '' },
  signer: { sign: (request) => Promise.resolve(request) },
};
