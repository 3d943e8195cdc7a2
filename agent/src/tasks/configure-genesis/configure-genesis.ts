import { mkdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesText, type ConfigureGenesisParams, type KnownGenesis, knownGenesis, TaskError } from '@nodetask/shared';
import type { TaskContext, TaskHandler, TaskReport, ToldReport } from '../../engine/task-handler.ts';
import { configLock, makeConfigFolder, openConfigFolder } from '../../node/config-folder.ts';
import type { Egress } from '../../node/egress.ts';
import { fileError, isMissing } from '../../node/file-errors.ts';
import { recoverFiles, replaceFiles } from '../../node/file-transaction.ts';
import type { NodeKind } from '../../node/genesis/judge-genesis.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { findGenesisFile, type NodeFile } from '../../node/node-paths.ts';
import { filesProof, finishFilesIn } from '../../node/pledge-files.ts';
import { isDoneBySeictl } from '../../node/seictl-files.ts';
import type { RpcClient } from '../../node/rpc-client.ts';
import { openTemporary } from '../../node/temporary-file.ts';
import type { OnTransfer } from '../../objectstore/store-calls.ts';
import { findNodeKind } from '../config/node-kind.ts';
import { afterRestart } from '../after-restart.ts';
import { nothingDone } from '../nothing-done.ts';
import { checkNode } from './check-node.ts';
import { comparedHash, doubtsOf, heldAgainst } from './compare-genesis.ts';
import { type FetchedGenesis, fetchGenesis, type TransferOptions } from './fetch-genesis.ts';
import { checkValues, type Genesis } from './genesis-check.ts';
import { type GenesisOnDisk, readGenesisFile, refuseOtherFile } from './genesis-file.ts';
import type { GenesisSource } from './genesis-source.ts';
import { httpsSource } from './https-source.ts';
import { rpcSource } from './rpc-source.ts';
import { s3Source } from './s3-source.ts';

export interface ConfigureGenesisOptions extends TransferOptions {
  readonly home: NodeHome;
  readonly egress: Egress;
  readonly rpc: RpcClient;
  /** Base URL of the node's own RPC. */
  readonly nodeRPC: string;
  readonly onTransfer?: OnTransfer;
  /** Documents of public chains, by chain id. Default: those that this version knows. */
  readonly known?: ReadonlyMap<string, KnownGenesis>;
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
    const folder = await openConfigFolder(options.home, logger);
    const target = await openTarget(options.home);
    const existing = await readGenesisFile(target.path, context.signal);
    const node = await findNodeKind(folder, context.signal);
    if (existing === undefined && target.movedBy !== undefined) await refuseOtherFile(target.path, target.movedBy);
    const stays = (reason: 'already-there' | 'done-by-seictl', genesis: GenesisOnDisk, message: string): ToldReport => {
      const output = heldAgainst(params, genesis, target.name);
      const warnings = checkValues(genesis.document, target.path, node);
      return { ...nothingDone(reason, message, { ...output }), ...warn(warnings) };
    };
    if (existing !== undefined && params.sha256 === existing.sha256) {
      // What is wanted is there already: no need to fetch it, but it must be a genesis of the right chain all the same.
      return stays('already-there', existing, isThere(existing));
    }
    if (
      existing !== undefined &&
      context.params.sha256 === undefined &&
      (await isDoneBySeictl(options.home, 'configure-genesis'))
    ) {
      return stays('done-by-seictl', existing, installedBySeictl);
    }
    return install({ target, source, node, existing }, { ...context, params }, options);
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

const isThere = ({ chainId, bytes }: Genesis): string =>
  `the node has this genesis of ${chainId} already, ${bytesText(bytes)}`;

const installedBySeictl =
  'seictl installed the genesis here, and the node has state since: to have another one, give its sha256, or empty the data folder first';

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

interface Installation {
  readonly target: NodeFile;
  readonly source: GenesisSource;
  readonly node: NodeKind;
  readonly existing: Genesis | undefined;
}

const install = async (
  { target: { folder, name }, source, node, existing }: Installation,
  context: TaskContext<ConfigureGenesisParams>,
  options: ConfigureGenesisOptions,
): Promise<ToldReport> => {
  const { params, signal, logger } = context;
  const temporary = await openTemporary(folder, name);
  let installed = false;
  try {
    let fetched: FetchedGenesis;
    try {
      fetched = await fetchGenesis(temporary.file, folder, source, context, options);
    } finally {
      await temporary.file.close();
    }
    const output = heldAgainst(params, fetched, source.name);
    const doubts = checkValues(fetched.document, source.name, node);
    signal.throwIfAborted();
    const compared = comparedHash(params, fetched);
    if (fetched.sha256 === existing?.sha256) {
      const said = [isThere(fetched), ...compared].join('; ');
      return { ...nothingDone('already-there', said, { ...output }), ...warn(doubts) };
    }
    const chains = { chainId: fetched.chainId, existing: existing?.chainId };
    const warnings = [...(await checkNode(options, chains, params, signal)), ...doubtsOf(params, fetched), ...doubts];
    signal.throwIfAborted();
    const told = `installed the genesis of ${fetched.chainId}, ${bytesText(fetched.bytes)}`;
    const said = [told, ...compared, afterRestart].join('; ');
    const numbers = { bytes: fetched.bytes };
    const report = { outcome: 'changed', message: said, numbers, output, ...warn(warnings) } as const;
    context.pledge({ report, proof: filesProof({ [name]: fetched.sha256 }) });
    await replaceFiles(folder, [{ name, content: { temporary: temporary.name } }]);
    installed = true;
    logger.info('installed genesis', { folder, ...output });
    return report;
  } finally {
    if (!installed) await remove(join(folder, temporary.name));
  }
};

const warn = (warnings: readonly string[]): Pick<TaskReport, 'warnings'> => (warnings.length === 0 ? {} : { warnings });

const remove = async (path: string): Promise<void> => {
  await unlink(path).catch((error: unknown) => {
    if (!isMissing(error)) throw fileError('remove', path, error);
  });
};
