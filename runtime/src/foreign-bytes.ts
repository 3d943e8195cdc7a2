import { pipeline, type Readable, Transform } from 'node:stream';

/**
 * The one place that turns bytes of another program into memory. Every reader of an answer, a body or a line gives its bound here; nothing
 * else collects foreign bytes.
 */

/** The other side sent more bytes than the reader allows. */
export class TooManyBytesError extends Error {
  override readonly name = 'TooManyBytesError';
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`more than ${String(maxBytes)} bytes came`);
    this.maxBytes = maxBytes;
  }
}

const firstBufferBytes = 16 * 1024;
const largeBytes = 4 * 1024 * 1024;
const largestBytes = 64 * 1024 * 1024;

/** Memory of this size is taken from the system page by page as it is written, and doubling it again and again would leave as much behind. */
const grown = (bytes: number): number => (bytes < largeBytes ? 2 * bytes : Math.max(largestBytes, 2 * bytes));

/**
 * The bytes of a body, at most `maxBytes`. With the first byte beyond them it throws {@link TooManyBytesError} and leaves the body, which
 * destroys a Node.js stream: the rest is neither read nor kept. The chunks are copied into one buffer: kept by themselves, chunks of one byte
 * would cost a hundred times what they hold.
 */
export const readBounded = async (body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> => {
  let held = Buffer.allocUnsafe(Math.min(firstBufferBytes, maxBytes));
  let bytes = 0;
  for await (const chunk of body) {
    const end = bytes + chunk.length;
    if (end > maxBytes) throw new TooManyBytesError(maxBytes);
    if (end > held.length) {
      const larger = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(end, grown(held.length))));
      held.copy(larger, 0, 0, bytes);
      held = larger;
    }
    held.set(chunk, bytes);
    bytes = end;
  }
  return held.subarray(0, bytes);
};

/** Hands the chunks of a body on, and throws {@link TooManyBytesError} in place of the chunk that goes beyond `maxBytes`. */
export async function* boundBytes(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new TooManyBytesError(maxBytes);
    yield chunk;
  }
}

/**
 * A body as a stream that fails in the place of the chunk that goes beyond `maxBytes`. The body is destroyed with it, and it with the body,
 * so that neither is left open. `tooMany` makes the error.
 */
export const boundStream = (
  body: Readable,
  maxBytes: number,
  tooMany: () => Error = () => new TooManyBytesError(maxBytes),
): Readable => {
  let bytes = 0;
  const bounded = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      bytes += chunk.length;
      if (bytes > maxBytes) done(tooMany());
      else done(null, chunk);
    },
  });
  // Whoever reads the bounded stream is told of an error; a body that is left must not end the process by its own.
  body.on('error', () => undefined);
  pipeline(body, bounded, () => undefined);
  return bounded;
};

/** The start of a body as text for an error message, at most `maxBytes`; the rest is neither read nor kept. */
export const readStart = async (body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> => {
  const start = Buffer.allocUnsafe(maxBytes);
  let bytes = 0;
  for await (const chunk of body) {
    start.set(chunk.subarray(0, maxBytes - bytes), bytes);
    bytes += chunk.length;
    if (bytes >= maxBytes) break;
  }
  return start.toString('utf8', 0, Math.min(bytes, maxBytes));
};
