import { createHash } from 'node:crypto';
import { type FileHandle, statfs } from 'node:fs/promises';
import { bytesText, type Clock, TaskError } from '@nodetask/shared';
import type { TaskContext } from '../../engine/task-handler.ts';
import { fileError } from '../../node/file-errors.ts';
import type { GenesisDocument } from '../../node/genesis/genesis-document.ts';
import { maxGenesisBytes } from '../../node/genesis-limit.ts';
import { startDeadline } from '../../node/http/deadline.ts';
import type { GenesisAsItCame } from './compare-genesis.ts';
import type { Packing } from './document-kind.ts';
import { GenesisCheck } from './genesis-check.ts';
import type { GenesisSource } from './genesis-source.ts';
import { unpackDocument } from './unpack-document.ts';

export interface TransferOptions {
  readonly clock: Clock;
  /** The largest document that is taken, in bytes; default 2 GiB. */
  readonly maxBytes?: number;
  /** Budget of the whole transfer; default 30 minutes. */
  readonly budgetMs?: number;
}

const defaultBudgetMs = 30 * 60_000;

export interface FetchedGenesis extends GenesisAsItCame {
  /** Its values have not been judged. */
  readonly document: GenesisDocument;
}

/**
 * Streams the document of a source into a file, unpacks it on its way, and reads what it says. Throws TaskError `source-unreachable`, `source-invalid`, `genesis-invalid`, `disk-full`
 * and those of the source.
 */
export const fetchGenesis = async (
  file: FileHandle,
  folder: string,
  source: GenesisSource,
  context: Pick<TaskContext<unknown>, 'signal' | 'progress'>,
  options: TransferOptions,
): Promise<FetchedGenesis> => {
  const maxBytes = options.maxBytes ?? maxGenesisBytes;
  const budgetMs = options.budgetMs ?? defaultBudgetMs;
  const deadline = startDeadline(
    options.clock,
    context.signal,
    budgetMs,
    () =>
      new TaskError(
        'source-unreachable',
        `${source.name} did not deliver within ${budgetMs / 1000} s: use a faster source`,
      ),
  );
  const hash = createHash('sha256');
  const fetchedHash = createHash('sha256');
  const check = new GenesisCheck(source.name);
  const layers: Packing[] = [];
  let fetched = 0;
  let bytes = 0;
  let total: number | undefined;
  let doubts: readonly string[] = [];
  let free = await freeBytes(folder);
  const onTotal = (announced: number): void => {
    if (announced > maxBytes) throw tooLarge(source, announced, maxBytes);
    total = announced;
  };
  const onDoubts = (told: readonly string[]): void => {
    doubts = told;
  };
  async function* arriving(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of cut(source.read({ signal: deadline.signal, maxBytes, onTotal, onDoubts }))) {
      deadline.signal.throwIfAborted();
      fetched += chunk.length;
      if (fetched > maxBytes) throw tooLarge(source, fetched, maxBytes);
      fetchedHash.update(chunk);
      context.progress({ stage: 'download', done: fetched, ...(total === undefined ? {} : { total }), unit: 'bytes' });
      yield chunk;
    }
  }
  try {
    for await (const chunk of unpackDocument(arriving(), source, (layer) => layers.push(layer))) {
      deadline.signal.throwIfAborted();
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(source, bytes, maxBytes);
      free -= chunk.length;
      if (free < 0 || (total !== undefined && free + bytes < total)) {
        throw new TaskError(
          'disk-full',
          `${folder} has ${bytesText(free + bytes)} left for ${source.name}: free space on the node's volume or enlarge it`,
        );
      }
      check.write(chunk);
      hash.update(chunk);
      await writeAll(file, chunk, folder);
    }
    const document = check.end();
    await file.sync();
    return {
      sha256: hash.digest('hex'),
      chainId: document.chainId,
      bytes,
      document,
      doubts,
      ...(layers.length === 0 ? {} : { packed: { layers, sha256: fetchedHash.digest('hex') } }),
    };
  } finally {
    deadline.end();
  }
};

/** A source may answer with many megabytes at once. Each of these pieces is looked at in a small part of a second, then others have their turn. */
const maxPieceBytes = 256 * 1024;

async function* cut(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += maxPieceBytes) yield chunk.subarray(at, at + maxPieceBytes);
  }
}

const writeAll = async (file: FileHandle, chunk: Uint8Array, folder: string): Promise<void> => {
  try {
    await file.writeFile(chunk);
  } catch (error) {
    throw fileError('write into', folder, error);
  }
};

const freeBytes = async (folder: string): Promise<number> => {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    throw fileError('look at the free space of', folder, error);
  }
};

const tooLarge = (source: GenesisSource, bytes: number, maxBytes: number): TaskError =>
  new TaskError(
    'source-invalid',
    `${source.name} has at least ${bytes} bytes, and a genesis may have ${maxBytes}; nothing was changed`,
  );
