import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type ConfigureGenesisParams, type KnownGenesis, knownGenesis, TaskError } from '@nodetask/shared';
import type { TaskContext, TaskHandler, TaskReport } from '../../engine/task-handler.ts';
import { configLock, makeConfigFolder, openConfigFolder } from '../../node/config-folder.ts';
import type { Egress } from '../../node/egress.ts';
import { fileError, isMissing } from '../../node/file-errors.ts';
import { recoverFiles, replaceFiles } from '../../node/file-transaction.ts';
import { maxGenesisBytes } from '../../node/genesis-limit.ts';
import { startDeadline } from '../../node/http/deadline.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { findGenesisFile, type NodeFile } from '../../node/node-paths.ts';
import { filesProof, finishFilesIn } from '../../node/pledge-files.ts';
import { isDoneBySeictl } from '../../node/seictl-files.ts';
import type { RpcClient } from '../../node/rpc-client.ts';
import { openTemporary } from '../../node/temporary-file.ts';
import type { OnTransfer } from '../../objectstore/store-calls.ts';
import { nothingDone } from '../nothing-done.ts';
import { checkNode } from './check-node.ts';
import type { Packing } from './document-kind.ts';
import { readGenesisFile, refuseOtherFile } from './genesis-file.ts';
import { type Genesis, GenesisCheck } from './genesis-check.ts';
import type { GenesisSource } from './genesis-source.ts';
import { httpsSource } from './https-source.ts';
import { rpcSource } from './rpc-source.ts';
import { s3Source } from './s3-source.ts';
import { unpackDocument } from './unpack-document.ts';

export interface ConfigureGenesisOptions {
  readonly home: NodeHome;
  readonly egress: Egress;
  readonly rpc: RpcClient;
  /** Base URL of the node's own RPC. */
  readonly nodeRPC: string;
  readonly clock: Clock;
  readonly onTransfer?: OnTransfer;
  /** The largest document that is taken, in bytes; default 2 GiB. */
  readonly maxBytes?: number;
  /** Documents of public chains, by chain id. Default: those that this version knows. */
  readonly known?: ReadonlyMap<string, KnownGenesis>;
  /** Budget of the whole transfer; default 30 minutes. */
  readonly budgetMs?: number;
}

/**
 * configure-genesis: fetches a genesis document, checks it while it streams to a temporary file, and renames that into place. What is packed is
 * unpacked on its way. On any mismatch nothing changes, nor if the node has data of another chain. Output: `{reason?, sha256, chainId, bytes,
 * unpacked?, packedSha256?}`.
 */
export const configureGenesis = (options: ConfigureGenesisOptions): TaskHandler<ConfigureGenesisParams> => ({
  interrupted: 'run-again',
  locks: () => [configLock],
  check: (params) => {
    sourceOf(completed(params, options), options);
  },
  finish: finishFilesIn(async (logger) => {
    await openConfigFolder(options.home, logger);
    return (await openTarget(options.home)).folder;
  }),
  run: async (context) => {
    const { logger } = context;
    const params = completed(context.params, options);
    const source = sourceOf(params, options);
    await makeConfigFolder(options.home);
    await openConfigFolder(options.home, logger);
    const target = await openTarget(options.home);
    const existing = await readGenesisFile(target.path, context.signal);
    if (existing === undefined && target.movedBy !== undefined) await refuseOtherFile(target.path, target.movedBy);
    if (existing !== undefined && params.sha256 === existing.sha256) {
      // What is wanted is there already: no need to fetch it, but it must be a genesis of the right chain all the same.
      return nothingDone('already-there', { ...checked(params, existing, target.name) });
    }
    if (
      existing !== undefined &&
      context.params.sha256 === undefined &&
      (await isDoneBySeictl(options.home, 'configure-genesis'))
    ) {
      return nothingDone('done-by-seictl', { ...checked(params, existing, target.name) }, installedBySeictl);
    }
    return install(target, source, { ...context, params }, options, existing);
  },
});

/** The genesis that the node reads, with its folder made and what an interrupted run left there removed. */
const openTarget = async (home: NodeHome): Promise<NodeFile> => {
  const target = await findGenesisFile(home);
  if (target.movedBy === undefined) return target;
  try {
    await mkdir(target.folder, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw fileError('create', target.folder, error);
  }
  await recoverFiles(target.folder);
  return target;
};

const installedBySeictl =
  'seictl installed the genesis here, and the node has state since: to have another one, give its sha256, or empty the data folder first';

const defaultBudgetMs = 30 * 60_000;

/** With the address and the hash of a public chain's document, where neither uri nor rpc is given. */
const completed = (
  params: ConfigureGenesisParams,
  { known = knownGenesis }: ConfigureGenesisOptions,
): ConfigureGenesisParams => {
  const { uri, rpc, chainId } = params;
  if (uri !== undefined || rpc !== undefined || chainId === undefined) return params;
  const document = known.get(chainId);
  return document === undefined ? params : { ...document, ...params };
};

/** The source that the params name. Refuses at submit what must not be fetched. */
const sourceOf = (params: ConfigureGenesisParams, options: ConfigureGenesisOptions): GenesisSource => {
  const { uri, rpc } = params;
  if (rpc !== undefined) return rpcSource(rpc, options.rpc, options.egress);
  if (uri === undefined) throw new TaskError('invalid-params', 'give uri, rpc, or the chainId of a public chain');
  return uri.startsWith('https://') ? httpsSource(uri, options.egress) : s3Source({ ...params, uri }, options);
};

const install = async (
  { folder, name }: NodeFile,
  source: GenesisSource,
  context: TaskContext<ConfigureGenesisParams>,
  options: ConfigureGenesisOptions,
  existing: Genesis | undefined,
): Promise<TaskReport> => {
  const { params, signal, logger } = context;
  const temporary = await openTemporary(folder, name);
  let installed = false;
  try {
    const fetched = await fetchInto(temporary.file, folder, source, context, options);
    const output = checked(params, fetched, source.name);
    signal.throwIfAborted();
    const message = compared(params, fetched);
    if (fetched.sha256 === existing?.sha256) return { ...nothingDone('already-there', { ...output }), ...message };
    const chains = { chainId: fetched.chainId, existing: existing?.chainId };
    const warnings = [...(await checkNode(options, chains, params, signal)), ...doubtsOf(params, fetched)];
    signal.throwIfAborted();
    const report = { outcome: 'changed', output, ...message, ...(warnings.length === 0 ? {} : { warnings }) } as const;
    context.pledge({ report, proof: filesProof({ [name]: fetched.sha256 }) });
    await replaceFiles(folder, [{ name, content: { temporary: temporary.name } }]);
    installed = true;
    logger.info('installed genesis', { folder, ...output });
    return report;
  } finally {
    if (!installed) await remove(join(folder, temporary.name));
  }
};

/** A genesis as it came: `sha256` and `bytes` are those of the document. */
interface FetchedGenesis extends Genesis {
  /** The layers that were taken off it, from the outside in, and the hash of what was fetched; absent if it came as it is. */
  readonly packed?: { readonly layers: readonly Packing[]; readonly sha256: string };
  /** Warnings about what its source cannot show of it. */
  readonly doubts?: readonly string[];
}

type GenesisOutput = Genesis & { readonly unpacked?: readonly Packing[]; readonly packedSha256?: string };

const checked = (params: ConfigureGenesisParams, genesis: FetchedGenesis, name: string): GenesisOutput => {
  const { sha256, chainId, bytes, packed } = genesis;
  if (params.chainId !== undefined && params.chainId !== chainId) {
    throw new TaskError(
      'chain-mismatch',
      `${name} is the genesis of chain ${JSON.stringify(chainId)}, and chainId is ${params.chainId}; nothing was changed. Check the source`,
    );
  }
  if (params.sha256 !== undefined && params.sha256 !== sha256 && params.sha256 !== packed?.sha256) {
    const hint =
      params.rpc === undefined
        ? 'somebody may have replaced it'
        : 'a node answers with its own encoding, whose hash is not that of the file it was started from';
    const has =
      packed === undefined
        ? `the SHA-256 ${sha256}`
        : `the SHA-256 ${packed.sha256} as it came (${packed.layers.join(', ')}) and ${sha256} unpacked`;
    throw new TaskError(
      'hash-mismatch',
      `${name} has ${has}, and sha256 is ${params.sha256}; nothing was changed: ${hint}`,
    );
  }
  const unpacked = packed === undefined ? {} : { unpacked: packed.layers, packedSha256: packed.sha256 };
  return { sha256, chainId, bytes, ...unpacked };
};

/** Says which of two hashes was compared; nothing where there is one only. */
const compared = ({ sha256 }: ConfigureGenesisParams, { packed }: FetchedGenesis): Pick<TaskReport, 'message'> => {
  if (packed === undefined) return {};
  const was = `unpacked from ${packed.layers.join(', ')}`;
  if (sha256 === undefined) return { message: was };
  const of = sha256 === packed.sha256 ? 'what was fetched, before it was unpacked' : 'the unpacked document';
  return { message: `${was}; sha256 was compared with that of ${of}` };
};

/** A hash that was given makes sure of all bytes. */
const doubtsOf = ({ sha256 }: ConfigureGenesisParams, { doubts = [] }: FetchedGenesis): readonly string[] =>
  sha256 === undefined ? doubts : [];

const fetchInto = async (
  file: FileHandle,
  ...rest: [
    folder: string,
    source: GenesisSource,
    context: TaskContext<ConfigureGenesisParams>,
    options: ConfigureGenesisOptions,
  ]
): Promise<FetchedGenesis> => {
  try {
    return await fetchTo(file, ...rest);
  } finally {
    await file.close();
  }
};

const fetchTo = async (
  file: FileHandle,
  folder: string,
  source: GenesisSource,
  context: TaskContext<ConfigureGenesisParams>,
  options: ConfigureGenesisOptions,
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
          `${folder} has ${free + bytes} bytes left for ${source.name}: free space on the node's volume or enlarge it`,
        );
      }
      check.write(chunk);
      hash.update(chunk);
      await writeAll(file, chunk, folder);
    }
    const chainId = check.end();
    await file.sync();
    const genesis = { sha256: hash.digest('hex'), chainId, bytes };
    return {
      ...genesis,
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

const remove = async (path: string): Promise<void> => {
  await unlink(path).catch((error: unknown) => {
    if (!isMissing(error)) throw fileError('remove', path, error);
  });
};
