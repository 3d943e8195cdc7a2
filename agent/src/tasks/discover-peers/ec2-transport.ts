import { TaskError } from '@nodetask/shared';
import type { Egress } from '../../node/egress.ts';
import { describeURL, networkError, readBody } from '../../node/http/http-get.ts';

/** A request of the SDK, as far as it is used here. */
interface SdkRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

interface SdkResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What the SDK calls a request handler. */
// oxlint-disable-next-line typescript/consistent-type-definitions -- the SDK takes no interface here
type Transport = {
  readonly handle: (request: SdkRequest) => Promise<{ readonly response: SdkResponse }>;
  readonly updateHttpClientConfig: () => void;
  readonly httpHandlerConfigs: () => object;
};

/** A page has at most 1,000 instances of some 5 kB each. */
const maxPageBytes = 32 * 1024 * 1024;

/**
 * Sends the SDK's requests as all others of the agent are sent: through the egress check, without following redirects, and with answers
 * of bounded size, which the SDK's own transport would read to their end. Ends with the signal.
 */
export const ec2Transport = (egress: Egress, signal: AbortSignal): Transport => ({
  handle: async (request) => {
    const { request: send } = await import('../../node/http/undici.ts');
    const url = urlOf(request);
    egress.checkURL('endpoint', url.href);
    const options = { egress, signal, maxRedirects: 0, unreachable: 'source-unreachable' } as const;
    try {
      const { statusCode, headers, body } = await send(url, {
        dispatcher: await egress.dispatcher(),
        method: request.method === 'GET' ? 'GET' : 'POST',
        headers: { ...request.headers, 'accept-encoding': 'identity' },
        body: request.body ?? null,
        signal,
      });
      const bytes = await readBody({ status: statusCode, headers, url, body }, maxPageBytes, options);
      // The SDK takes whatever XML it is given for a page without instances.
      if (statusCode === 200 && !bytes.subarray(0, 4_096).includes('<DescribeInstancesResponse')) {
        const start = JSON.stringify(bytes.subarray(0, 60).toString('utf8'));
        throw new TaskError(
          'source-invalid',
          `${describeURL(url)} answers with ${start}, not as EC2 does: check endpoint`,
        );
      }
      const names = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
      return { response: { statusCode, headers: Object.fromEntries(names), body: new Uint8Array(bytes) } };
    } catch (error) {
      throw error instanceof TaskError ? error : networkError(url, error, signal, 'source-unreachable');
    }
  },
  updateHttpClientConfig: () => undefined,
  httpHandlerConfigs: () => ({}),
});

const urlOf = ({ protocol, hostname, port, path, query = {} }: SdkRequest): URL => {
  const url = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`);
  for (const [name, value] of Object.entries(query)) {
    const values = typeof value === 'string' ? [value] : (value ?? ['']);
    for (const one of values) url.searchParams.append(name, one);
  }
  return url;
};
