import type { IncomingMessage } from 'node:http';
import { readBounded, TooManyBytesError } from '@nodetask/runtime/foreign-bytes';

/** The body is larger than the route takes. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
}

/** The body is not UTF-8. */
export class BodyEncodingError extends Error {
  override readonly name = 'BodyEncodingError';
}

/**
 * The whole body as text. Of one that is too large no more is read than shows that.
 * @throws BodyTooLargeError, BodyEncodingError; what the connection fails with.
 */
export const readBody = async (request: IncomingMessage, maxBytes: number): Promise<string> => {
  const tooLarge = (): BodyTooLargeError => new BodyTooLargeError(`the body is larger than ${maxBytes} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  // To leave the loop must not cut the connection: the answer goes over it.
  const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  const body = await readBounded(chunks, maxBytes).catch((error: unknown) => {
    throw error instanceof TooManyBytesError ? tooLarge() : error;
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new BodyEncodingError('the body is not UTF-8');
  }
};
