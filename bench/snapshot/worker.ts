/**
 * Runs one stage of a transfer alone, in a process of its own, and prints {ms, cpuMs} as JSON:
 *
 *   worker.ts <what> <json>
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { systemClock } from '@nodetask/runtime';
import { type Codec } from '../../agent/src/archive/codec.ts';
import { codecParallelism, codecs } from '../../agent/src/archive/codecs.ts';
import { compressStream } from '../../agent/src/archive/compress-stream.ts';
import { decompressStream } from '../../agent/src/archive/decompress-stream.ts';
import { createEgress } from '../../agent/src/node/egress.ts';
import { nodeHome } from '../../agent/src/node/node-home.ts';
import { compileLocation } from '../../agent/src/objectstore/location.ts';
import { openObjectStore } from '../../agent/src/objectstore/open-object-store.ts';
import { packTree } from '../../agent/src/tasks/snapshot-upload/pack-tree.ts';
import { snapshotEntries } from '../../agent/src/tasks/snapshot-upload/snapshot-entries.ts';

export interface WorkerInput {
  readonly home: string;
  readonly params: {
    readonly bucket: string;
    readonly region: string;
    readonly endpoint: string;
    readonly prefix: string;
  };
  readonly compression: Codec['name'];
  readonly bytes?: number;
}

const [what = '', json = '{}'] = process.argv.slice(2);
const input = JSON.parse(json) as WorkerInput;
const cpus = 2;
const { signal } = new AbortController();
const options = {
  home: nodeHome(input.home),
  egress: createEgress({ nodeRPC: 'http://127.0.0.1:26657', allowHosts: ['127.0.0.1'] }),
  clock: systemClock,
  cpus,
};
const store = openObjectStore(compileLocation(input.params), options);
const codec = codecs[input.compression];

const tar = (): AsyncIterable<Buffer> =>
  packTree(snapshotEntries({ folder: join(options.home.data, 'snapshots'), height: 1 }));

const drain = async (
  chunks: AsyncIterable<Uint8Array>,
  each: (chunk: Uint8Array) => void = () => undefined,
): Promise<void> => {
  for await (const chunk of chunks) each(chunk);
};

async function* memory(bytes: number): AsyncGenerator<Buffer, void, undefined> {
  const piece = Buffer.alloc(1024 * 1024, 7);
  for (let left = bytes; left > 0; left -= piece.length) yield piece.subarray(0, left);
}

const archive = async () => {
  const object = await store.head(`${input.params.prefix}1.${codec.extension}`, { signal });
  if (object === undefined) throw new Error('the archive is missing');
  return object;
};

const jobs: Readonly<Record<string, () => Promise<void>>> = {
  read: () => drain(tar()),
  compress: () => drain(compressStream(codec, tar(), codecParallelism(cpus))),
  hash: async () => {
    const hash = createHash('sha256');
    await drain(memory(input.bytes ?? 0), (chunk) => hash.update(chunk));
  },
  send: async () => {
    await store.upload(`${input.params.prefix}memory`, memory(input.bytes ?? 0), {
      signal,
      contentType: 'application/octet-stream',
      expectedBytes: input.bytes ?? 0,
    });
  },
  receive: async () => drain(store.download(await archive(), { signal })),
  decompress: async () =>
    drain(decompressStream(codec, store.download(await archive(), { signal }), codecParallelism(cpus))),
};

const job = jobs[what];
if (job === undefined) throw new Error(`unknown: ${what}`);
const begun = performance.now();
const usedBefore = process.cpuUsage();
await job();
const ms = performance.now() - begun;
const { user, system } = process.cpuUsage(usedBefore);
store.close();
process.stdout.write(JSON.stringify({ ms, cpuMs: (user + system) / 1000 }));
