/**
 * Builds the container images of agent and operator; see docs/images.md.
 *
 *   npm run images [-- --output <folder>] [-- --base <image>]
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createGzip } from 'node:zlib';
import { root } from '../steps.ts';
import { buildImages } from './build-images.ts';
import { cannotBuildImages } from './cannot-build.ts';

const megabyte = 1e6;

/** What a pull of an image takes on the wire. */
const gzippedBytes = async (file: string): Promise<number> => {
  let bytes = 0;
  await pipeline(createReadStream(file), createGzip(), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) bytes += chunk.length;
  });
  return bytes;
};

const { values } = parseArgs({
  options: { output: { type: 'string', default: join(root, 'dist', 'images') }, base: { type: 'string' } },
});
const reason = cannotBuildImages();
if (reason !== false) throw new Error(reason);
const images = await buildImages({
  output: values.output,
  ...(values.base === undefined ? {} : { base: values.base }),
});
for (const { reference, id, archive } of images) {
  const { size } = await stat(archive);
  const sizes = [size, await gzippedBytes(archive)].map((bytes) => `${(bytes / megabyte).toFixed(0)} MB`);
  process.stdout.write(`${archive}: ${reference}, ${sizes[0] ?? ''}, compressed ${sizes[1] ?? ''}, ${id}\n`);
}
