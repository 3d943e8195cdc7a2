import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { abortReason, type ErrorCode, TaskError } from '@nodetask/shared';
import type { Egress } from '../egress.ts';

/** An answer whose body has not been read yet: read it to its end, or destroy it. */
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
    const answer = await getOnce(url, options);
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

const getOnce = async (url: URL, { egress, signal, unreachable }: HttpGetOptions): Promise<HttpAnswer> => {
  const { request } = await import('./undici.ts');
  try {
    const { statusCode, headers, body } = await request(url, {
      dispatcher: await egress.dispatcher(),
      signal,
      headersTimeout: headersTimeoutMs,
      bodyTimeout: bodyTimeoutMs,
      headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'nodetask-agent' },
    });
    // A body that is abandoned on purpose, or fails before it is read, must not end the process.
    body.on('error', () => undefined);
    return { status: statusCode, headers, url, body };
  } catch (error) {
    throw networkError(url, error, signal, unreachable);
  }
};

/** The bytes of a body, at most `maxBytes`: beyond them it throws an error that `isOversize` knows. */
export const readBody = async (answer: HttpAnswer, maxBytes: number, options: HttpGetOptions): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes)
        throw new TaskError('source-invalid', `${describeURL(answer.url)} answers with more than ${maxBytes} bytes`, {
          details: { maxBytes },
        });
      chunks.push(chunk);
    }
  } catch (error) {
    throw networkError(answer.url, error, options.signal, options.unreachable);
  }
  return Buffer.concat(chunks);
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
  return new TaskError(code, `${describeURL(url)}: ${innermostMessage(error)}: check the address and the network`, {
    cause: error,
  });
};

const innermostMessage = (error: unknown): string => {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(innermostMessage).join('; ');
  return error instanceof Error ? error.message : String(error);
};

/** Without the query, which may hold a signature. */
export const describeURL = (url: URL): string => `${url.protocol}//${url.host}${url.pathname}`.slice(0, 300);
