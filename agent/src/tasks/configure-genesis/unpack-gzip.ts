import { pipeline, Readable } from 'node:stream';
import { zlib } from '../../archive/zlib.ts';
import { genesisInvalid } from './genesis-invalid.ts';

/** Below this size nothing is said of how well a document was compressed. */
const freeBytes = 64 * 1024 * 1024;
/** JSON of accounts shrinks to a tenth, and the most repetitive to a hundredth. What is made to fill disks shrinks to a thousandth. */
const maxRatio = 200;

/**
 * The content of a gzip stream of one or several members. It ends with an error where it is damaged, goes on after its end, or unpacks to far more
 * than a document would. Errors of `packed` are passed on.
 */
export async function* unpackGzip(
  packed: AsyncGenerator<Uint8Array, void, undefined>,
  source: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  // An error of the source must come out as it went in, not as a stream's.
  let failure: { readonly error: unknown } | undefined;
  let read = 0;
  async function* counted(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of packed) {
        read += chunk.length;
        yield chunk;
      }
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  const output = zlib().createGunzip({ chunkSize: 256 * 1024 });
  const ended = Promise.withResolvers<undefined>();
  // Errors reach the loop below through the output.
  pipeline(Readable.from(counted()), output, () => {
    ended.resolve(undefined);
  });
  let unpacked = 0;
  try {
    for await (const chunk of output as AsyncIterable<Buffer>) {
      unpacked += chunk.length;
      if (unpacked > freeBytes && unpacked > maxRatio * read) {
        throw genesisInvalid(
          source,
          `unpacks to more than ${maxRatio} times its size, as no genesis does`,
          'Unpack it by hand, look at it, and give the address of the document itself',
        );
      }
      yield chunk;
    }
    // Bytes behind a stream may be taken for padding.
    if (output.bytesWritten < read) {
      throw genesisInvalid(source, 'goes on after the end of its gzip stream', 'Compress it anew');
    }
  } catch (error) {
    if (failure !== undefined) throw failure.error;
    if (!isOfGzip(error)) throw error;
    throw genesisInvalid(source, `is gzip that is damaged (${error.message})`, 'Check the source', error);
  } finally {
    output.destroy();
    await ended.promise;
    await packed.return();
  }
}

const isOfGzip = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_');
