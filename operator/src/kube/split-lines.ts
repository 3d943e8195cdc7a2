import { maxAnswerBytes, type HeldBytes } from './held-bytes.ts';

/** A watch stream that cannot be understood: reconnect from the last version. */
export class StreamError extends Error {
  override readonly name = 'StreamError';
}

/** A line for which there is no room. Its end was found, and the lines after it follow. */
export const tooLongLine = Symbol('a line that is too long');

const newline = 0x0a;

/**
 * Cuts a stream into lines at '\n' and nowhere else: U+2028 and U+2029 are legal inside JSON strings, and other line readers split there. A line is to be read
 * before the next one is asked for.
 * @throws StreamError when the stream ends within a line, or a line has no end; what `chunks` throws.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  held: HeldBytes,
): AsyncGenerator<Buffer | typeof tooLongLine, void, undefined> {
  let length = 0;
  for await (const chunk of chunks) {
    let rest = chunk;
    for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
      const isWhole = length <= maxAnswerBytes && (await held.add(rest.subarray(0, end)));
      yield isWhole ? held.bytes : tooLongLine;
      held.clear();
      length = 0;
      rest = rest.subarray(end + 1);
    }
    length += rest.length;
    if (length > maxLineBytes) {
      throw new StreamError(`a line of the stream is longer than ${String(maxLineBytes)} bytes`);
    }
    await held.add(rest);
  }
  if (length > 0)
    throw new StreamError(`the stream ended in the middle of a line, after ${String(length)} bytes of it`);
}

/** Longer than any object of an API server: etcd takes 1.5 MiB, and JSON writes no byte of it with more than six. */
const maxLineBytes = 16 * 1024 * 1024;
