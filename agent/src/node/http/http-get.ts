import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { boundStream, readBounded } from '@nodetask/runtime/foreign-bytes';
import { abortReason, type ErrorCode, TaskError } from '@nodetask/shared';
import { waitFor } from '../../outside-waits.ts';
import type { Egress } from '../egress.ts';
import { certificateAdvice, certificateFaultOf } from './certificate-fault.ts';

/** An answer whose body has not been read yet: read it to its end, or destroy it. Beyond the bound it fails with an error that `isOversize` knows. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** After redirects. */
  readonly url: URL;
  readonly body: Readable;
}

export interface HttpGetOptions {
  readonly egress: Egress;
  readonly signal: AbortSignal;
  readonly maxRedirects: number;
  /** Of the body. */
  readonly maxBytes: number;
  /** Code of the error where nobody answers. */
  readonly unreachable: ErrorCode;
}

const headersTimeoutMs = 30_000;
/** Of silence; the caller's signal bounds the whole. */
const bodyTimeoutMs = 30_000;

/**
 * GET, with every redirect checked as the first address was. Compressed answers are not asked for: sizes and hashes are those of what was
 * sent. Throws TaskError, or the signal's reason.
 */
export const httpGet = async (start: URL, options: HttpGetOptions): Promise<HttpAnswer> => {
  let url = start;
  for (let redirects = 0; ; redirects++) {
    const answer = await sendOnce(url, get, options);
    const location = answer.headers.location;
    if (![301, 302, 303, 307, 308].includes(answer.status) || typeof location !== 'string') return answer;
    answer.body.destroy();
    if (redirects >= options.maxRedirects) {
      throw new TaskError(
        'source-invalid',
        `${describeURL(start)} redirects more than ${options.maxRedirects} times: give the final address`,
      );
    }
    url = followTo(url, location, options.egress);
  }
};

const followTo = (from: URL, location: string, egress: Egress): URL => {
  const target = URL.parse(location, from);
  if (target === null) {
    throw new TaskError(
      'source-invalid',
      `${describeURL(from)} redirects to ${JSON.stringify(location.slice(0, 200))}, which is no URL`,
    );
  }
  if (from.protocol === 'https:' && target.protocol !== 'https:') {
    throw new TaskError(
      'source-invalid',
      `${describeURL(from)} redirects to ${describeURL(target)}, away from https: give another address`,
    );
  }
  return egress.checkURL(`redirect from ${describeURL(from)}`, target.href);
};

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
}

const get: HttpRequest = { method: 'GET', headers: { accept: '*/*', 'user-agent': 'nodetask-agent' } };

/** One request, without following redirects: all of the agent's but those to its object stores and to Kubernetes go through here. */
export const sendOnce = async (
  url: URL,
  { method, headers: sent, body: content }: HttpRequest,
  { egress, signal, unreachable, maxBytes }: Omit<HttpGetOptions, 'maxRedirects'>,
): Promise<HttpAnswer> => {
  const { request } = await import('./undici.ts');
  try {
    const { statusCode, headers, body } = await waitFor(
      () => describeURL(url),
      async () =>
        request(url, {
          dispatcher: await egress.dispatcher(),
          method,
          signal,
          headersTimeout: headersTimeoutMs,
          bodyTimeout: bodyTimeoutMs,
          headers: { ...sent, 'accept-encoding': 'identity' },
          body: content ?? null,
        }),
    );
    const bounded = boundStream(
      body,
      maxBytes,
      () =>
        new TaskError('source-invalid', `${describeURL(url)} answers with more than ${maxBytes} bytes`, {
          details: { maxBytes },
        }),
    );
    // A body that is abandoned on purpose, or fails before it is read, must not end the process.
    bounded.on('error', () => undefined);
    return { status: statusCode, headers, url, body: bounded };
  } catch (error) {
    throw networkError(url, error, signal, unreachable);
  }
};

/** The bytes of a body. */
export const readBody = async (
  answer: HttpAnswer,
  { maxBytes, signal, unreachable }: Omit<HttpGetOptions, 'maxRedirects'>,
): Promise<Buffer> => {
  try {
    return await waitFor(
      () => describeURL(answer.url),
      async () => readBounded(answer.body, maxBytes),
    );
  } catch (error) {
    throw networkError(answer.url, error, signal, unreachable);
  }
};

/** Whether a body had more bytes than its reader allowed. */
export const isOversize = (error: unknown): boolean =>
  error instanceof TaskError && error.code === 'source-invalid' && error.details?.['maxBytes'] !== undefined;

/** What went wrong on the way, as a TaskError; an abort keeps its own reason. */
export const networkError = (url: URL, error: unknown, signal: AbortSignal, code: ErrorCode): Error => {
  if (signal.aborted) return abortReason(signal);
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof TaskError) return cause;
  }
  const fault = certificateFaultOf(error);
  const remedy = fault === undefined ? 'check the address and the network' : certificateAdvice(fault);
  return new TaskError(code, `${describeURL(url)}: ${innermostMessage(error)}`, {
    remedy,
    cause: error,
    ...(fault === undefined ? {} : { retriable: false }),
  });
};

const innermostMessage = (error: unknown): string => {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(innermostMessage).join('; ');
  return error instanceof Error ? error.message : String(error);
};

/** Without the query, which may hold a signature. */
export const describeURL = (url: URL): string => `${url.protocol}//${url.host}${url.pathname}`.slice(0, 300);
