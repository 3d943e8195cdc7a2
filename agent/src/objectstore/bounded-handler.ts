import type { Readable } from 'node:stream';
import { boundStream, readBounded, TooManyBytesError } from '@nodetask/runtime/foreign-bytes';
import { TaskError } from '@nodetask/shared';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { answerBound } from './answer-bound.ts';
import { refuseDoctype } from './refuse-doctype.ts';

type Handle = NodeHttpHandler['handle'];

/**
 * What the SDK sends its requests through. The SDK reads every answer to its end, whatever its size, and parses it; here each answer is
 * bounded by what its request can be answered with. An object comes as a stream; any other answer is read first, so that the parser of
 * the SDK sees nothing that is too large for it. The SDK also asks STS through it.
 */
export class BoundedHandler extends NodeHttpHandler {
  override async handle(...[request, options]: Parameters<Handle>): ReturnType<Handle> {
    const answer = await super.handle(request, options);
    const { response } = answer;
    const { statusCode, headers } = response;
    const body = response.body as Readable;
    const { isObject, maxBytes } = answerBound(request, { statusCode, headers });
    const tooMany = (): TaskError =>
      new TaskError(
        // A server that fails may be well again; one that answers so is none.
        statusCode >= 500 ? 'object-store-unreachable' : 'object-store-invalid',
        `${request.protocol}//${request.hostname} answers ${request.method} with status ${String(statusCode)} and more than ${String(maxBytes)} bytes: check endpoint`,
      );
    if (isObject) {
      response.body = boundStream(body, maxBytes, tooMany);
      return answer;
    }
    try {
      const bytes = await readBounded(body, maxBytes);
      refuseDoctype(bytes);
      response.body = bytes;
      return answer;
    } catch (error) {
      throw error instanceof TooManyBytesError ? tooMany() : error;
    }
  }
}
