import type { Readable } from 'node:stream';
import { boundStream, readBounded, TooManyBytesError } from '@nodetask/runtime/foreign-bytes';
import { TaskError } from '@nodetask/shared';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { hasDoctype } from '../node/http/xml-doctype.ts';
import { answerBound } from './answer-bound.ts';

type Handle = NodeHttpHandler['handle'];

/**
 * The SDK sends its requests through this handler. It reads every answer to its end, whatever its size, and parses it; here each answer is
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
    const refuse = (what: string): TaskError =>
      new TaskError(
        // A server that fails may be well again; one that answers so is no object store.
        statusCode >= 500 ? 'object-store-unreachable' : 'object-store-invalid',
        `${request.protocol}//${request.hostname} answers ${request.method} with status ${String(statusCode)} and ${what}: check endpoint`,
      );
    const tooMany = (): TaskError => refuse(`more than ${String(maxBytes)} bytes`);
    if (isObject) {
      response.body = boundStream(body, maxBytes, tooMany);
      return answer;
    }
    try {
      const bytes = await readBounded(body, maxBytes);
      if (hasDoctype(bytes)) throw refuse('a document type');
      response.body = bytes;
      return answer;
    } catch (error) {
      throw error instanceof TooManyBytesError ? tooMany() : error;
    }
  }
}
