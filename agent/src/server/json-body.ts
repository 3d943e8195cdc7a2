import type { IncomingMessage } from 'node:http';
import { maxBodyBytes, TaskError } from '@nodetask/shared';
import { findJsonFault, isDeeperThan } from './json-fault.ts';
import { quoteValue } from './quote-value.ts';

/** A body that is too large is read to its end up to this many bytes, so that the caller gets the answer and not a reset. */
const maxDrainedBytes = 8 * maxBodyBytes;

const maxDepth = 64;

/** The JSON body of a request. @throws TaskError unsupported-media-type, payload-too-large, invalid-json */
export const readJsonBody = async (request: IncomingMessage): Promise<unknown> => {
  checkContentType(request);
  const text = decode(await readBytes(request));
  if (isDeeperThan(text, maxDepth)) {
    throw new TaskError(
      'invalid-json',
      `The body nests objects and lists deeper than ${String(maxDepth)} levels. Send a flatter one.`,
    );
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const fault = findJsonFault(text);
    // The parser's own message quotes the body, which may hold secrets.
    const place =
      fault === undefined
        ? ''
        : ` at line ${String(fault.line)}, column ${String(fault.column)}: expected ${fault.expected}`;
    throw new TaskError('invalid-json', `The body is not JSON${place}.`, { cause: error });
  }
};

const checkContentType = (request: IncomingMessage): void => {
  const given = request.headers['content-type'];
  if (given === undefined || !/^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i.test(given)) {
    throw new TaskError(
      'unsupported-media-type',
      `The Content-Type is ${given === undefined ? 'missing' : quoteValue(given)}; send application/json in UTF-8.`,
    );
  }
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new TaskError(
      'unsupported-media-type',
      `The Content-Encoding is ${quoteValue(encoding)}; send the body uncompressed.`,
    );
  }
};

const readBytes = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBodyBytes) chunks.push(chunk);
    else chunks.length = 0;
    if (bytes > maxDrainedBytes) break;
  }
  if (bytes > maxBodyBytes) {
    throw new TaskError('payload-too-large', `The body is larger than ${String(maxBodyBytes)} bytes. Send less.`);
  }
  return Buffer.concat(chunks);
};

const decode = (bytes: Buffer): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new TaskError('invalid-json', 'The body is not UTF-8.', { cause: error });
  }
};
