import { TaskError } from '@nodetask/shared';
import type { Egress } from '../../node/egress.ts';
import { describeURL, readBody, sendOnce } from '../../node/http/http-get.ts';
import { hasDoctype } from '../../node/http/xml-doctype.ts';

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

/** Of a page: 10 kB for each instance. The parser of the SDK takes up to 100 bytes of memory for each byte of a hostile page. */
const maxPageBytes = 512 * 1024;
/** Instances in such a page. */
export const pageInstances = 50;
/** Of any other answer: an error, or credentials from STS. */
const maxShortBytes = 64 * 1024;

/**
 * Sends the SDK's requests as all others of the agent are sent: through the egress check, without following redirects, and with answers
 * of bounded size, which the SDK's own transport would read to their end. Ends with the signal. The SDK also asks STS through it, where the
 * agent's credentials are those of a web identity.
 */
export const ec2Transport = (egress: Egress, signal: AbortSignal): Transport => ({
  handle: async (request) => {
    const url = urlOf(request);
    egress.checkURL('endpoint', url.href);
    const isPage = actionOf(request) === 'DescribeInstances';
    const options = {
      egress,
      signal,
      maxBytes: isPage ? maxPageBytes : maxShortBytes,
      unreachable: 'source-unreachable',
    } as const;
    const { headers, body } = request;
    const method = request.method === 'GET' ? 'GET' : 'POST';
    const answer = await sendOnce(url, { method, headers, body }, options);
    const bytes = await readBody(answer, options);
    // The SDK takes whatever XML it is given for a page without instances.
    const isForeign =
      isPage && answer.status === 200 && !bytes.subarray(0, 4_096).includes('<DescribeInstancesResponse');
    if (isForeign || hasDoctype(bytes)) {
      const start = JSON.stringify(bytes.subarray(0, 60).toString('utf8'));
      throw new TaskError(
        'source-invalid',
        `${describeURL(url)} answers with ${start}, not as EC2 does: check endpoint`,
      );
    }
    const names = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)]);
    return { response: { statusCode: answer.status, headers: Object.fromEntries(names), body: new Uint8Array(bytes) } };
  },
  updateHttpClientConfig: () => undefined,
  httpHandlerConfigs: () => ({}),
});

/** Of a request in the query protocol, a form. */
const actionOf = ({ body }: SdkRequest): string | null =>
  typeof body === 'string' ? new URLSearchParams(body).get('Action') : null;

const urlOf = ({ protocol, hostname, port, path, query = {} }: SdkRequest): URL => {
  const url = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`);
  for (const [name, value] of Object.entries(query)) {
    const values = typeof value === 'string' ? [value] : (value ?? ['']);
    for (const one of values) url.searchParams.append(name, one);
  }
  return url;
};
