import type { IncomingMessage } from 'node:http';
import type { Clock, Logger } from '@nodetask/shared';
import { abortable, withDeadline } from '../kube/deadline.ts';
import { findRoute } from './find-route.ts';
import { BodyEncodingError, BodyTooLargeError, readBody } from './read-body.ts';
import { refusal } from './refusal.ts';
import type { SecureAnswer, SecureRequest, SecureRoute } from './secure-route.ts';

export interface AnswerRequestOptions {
  readonly routes: readonly SecureRoute[];
  /** Budget from the headers of a request to its answer. */
  readonly answerMs: number;
  /** The caller of this request has shown who it is. */
  readonly proven: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A route took longer than it may. */
class AnswerTimeoutError extends Error {
  override readonly name = 'AnswerTimeoutError';
}

/**
 * The answer to a request, whatever becomes of it. Never rejects.
 * @param gone aborts when nobody waits for the answer any more.
 */
export const answerRequest = async (
  request: IncomingMessage,
  gone: AbortSignal,
  { routes, answerMs, proven, clock, logger }: AnswerRequestOptions,
): Promise<SecureAnswer> => {
  const path = request.url?.split('?', 1)[0] ?? '';
  const found = findRoute(routes, request.method ?? '', path);
  if ('refused' in found) return found.refused;
  const timeoutError = (): Error => new AnswerTimeoutError(`no answer within ${answerMs} ms`);
  try {
    return await withDeadline({ clock, timeoutMs: answerMs, signal: gone, timeoutError }, async (signal) =>
      // Who does not heed the signal is not waited for.
      abortable(handle(found.route, request, { signal, proven }), signal),
    );
  } catch (error) {
    const known = knownFault(error);
    if (known !== undefined) return known;
    if (!gone.aborted) logger.error('a request failed', { path, error });
    return error instanceof AnswerTimeoutError
      ? refusal('unavailable', 'there was no answer in time: try again')
      : refusal('internal', "a fault of the operator: look into the operator's log");
  }
};

const handle = async (
  route: SecureRoute,
  request: IncomingMessage,
  context: Pick<SecureRequest, 'signal' | 'proven'>,
): Promise<SecureAnswer> => {
  const body = await readBody(request, route.maxBodyBytes);
  const remoteAddress = request.socket.remoteAddress ?? '';
  return route.handle({ headers: request.headers, body, remoteAddress, ...context });
};

const knownFault = (error: unknown): SecureAnswer | undefined => {
  if (error instanceof BodyTooLargeError) return refusal('payload-too-large', error.message);
  if (error instanceof BodyEncodingError) return refusal('invalid-request', error.message);
  return undefined;
};
