import {
  type Clock,
  type ConfigureStateSyncParams,
  defaultTrustHeightOffset,
  type Logger,
  momentText,
  TaskError,
} from '@nodetask/shared';
import type { TaskContext, TaskHandler } from '../../engine/task-handler.ts';
import { findChainId } from '../../node/chain-id.ts';
import { configLock, openConfigFolder } from '../../node/config-folder.ts';
import type { Egress } from '../../node/egress.ts';
import { readOwnNodeId } from '../../node/node-id.ts';
import { replaceFiles } from '../../node/file-transaction.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { readNodeStatus } from '../../node/node-status.ts';
import { finishFiles, pledgeFiles } from '../../node/pledge-files.ts';
import type { ChainVerified } from '../../node/own-chain.ts';
import { isDoneBySeictl } from '../../node/seictl-files.ts';
import type { RpcClient } from '../../node/rpc-client.ts';
import { changesOutput } from '../config/changes.ts';
import { type ConfigToml, planKeys, readConfigToml, textAt } from '../config/config-toml.ts';
import { type AskDialect, askNobody } from '../config/dialect/ask-dialect.ts';
import { parseGoDuration } from '../config/go-duration.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { afterRestart } from '../after-restart.ts';
import { nothingDone } from '../nothing-done.ts';
import { plural } from '../plural.ts';
import { refusedParam } from '../refuse-param.ts';
import { whyOf } from '../why.ts';
import { snapshotsLock } from '../snapshot/snapshots-folder.ts';
import { localSnapshot } from './local-snapshot.ts';
import { type Selection, selectWitnesses, type Witness } from './select-witnesses.ts';
import { existingPoint, refuseUnknownToNode, sectionFor, trustPeriodMs } from './state-sync-section.ts';
import {
  agreedBlock,
  askForBlock,
  type AskOptions,
  type Testimony,
  tooFewWitnesses,
  type TrustPoint,
} from './trust-point.ts';
import { type Candidates, type Dropped, serversOfParams, serversOfPeers } from './witness-servers.ts';

export interface ConfigureStateSyncOptions {
  readonly home: NodeHome;
  readonly egress: Egress;
  readonly rpc: RpcClient;
  readonly clock: Clock;
  /** Default: nobody, as if the node did not run. */
  readonly askDialect?: AskDialect;
  /** Budget of one request to a witness; default 10 s. */
  readonly timeoutMs?: number;
}

/**
 * configure-state-sync: finds a block on which at least two distinct nodes of the chain agree (one that nobody contradicts, with
 * `allowSingleWitness`), and writes the statesync section. A trust
 * point that the file has stays while every witness confirms it and half of the trust period is left, so that a second run changes nothing.
 * Output: `{reason?, chainId, chainVerified, trustHeight, trustHash, witnesses, dropped: [{server, why}], changes: [{file, key, from?, to?}]}`.
 */
export const configureStateSync = (options: ConfigureStateSyncOptions): TaskHandler<ConfigureStateSyncParams> => ({
  interrupted: 'run-again',
  locks: ({ useLocalSnapshot }) => (useLocalSnapshot ? [configLock, snapshotsLock] : [configLock]),
  check: ({ rpcServers, trustPeriod, trustHeightOffset, useLocalSnapshot }) => {
    if (rpcServers !== undefined) serversOfParams(rpcServers, options.egress);
    if (trustPeriod !== undefined && (parseGoDuration(trustPeriod) ?? 0n) <= 0n) {
      throw refusedParam('trustPeriod', `${trustPeriod} is no duration above 0`);
    }
    if (useLocalSnapshot && trustHeightOffset !== defaultTrustHeightOffset) {
      throw refusedParam(
        'trustHeightOffset',
        'with useLocalSnapshot the trust height is that of the snapshot: remove one of them',
      );
    }
  },
  run: async (context) => {
    const { params, signal, logger } = context;
    const folder = await openConfigFolder(options.home, logger);
    if (await isDoneBySeictl(options.home, 'configure-state-sync')) {
      return nothingDone('done-by-seictl', syncedBySeictl);
    }
    const config = await readConfigToml(folder, {
      asked: params.dialect,
      ask: options.askDialect ?? askNobody,
      signal,
    });
    refuseUnknownToNode(config, params);
    const periodMs = trustPeriodMs(config, params);
    const { home, clock } = options;
    const local = params.useLocalSnapshot ? await localSnapshot({ home, clock, signal, logger }) : undefined;

    const candidates = candidatesOf(config, params, options.egress);
    const selection = await probe(candidates, context, options);
    const ask = { rpc: options.rpc, signal, timeoutMs: options.timeoutMs ?? defaultTimeoutMs };
    context.progress({ stage: 'trust', done: 0, total: selection.witnesses.length, unit: 'witnesses' });
    const { point, testimony } =
      local === undefined
        ? ((await keptPoint(
            config,
            selection,
            { periodMs, offset: params.trustHeightOffset },
            options.clock,
            ask,
            logger,
          )) ?? (await pointAt(heightBelowTip(selection, params.trustHeightOffset), selection, ask)))
        : await pointAt(local.height, selection, { ...ask, above: aboveSnapshot });
    refuseExpired(point, periodMs, options.clock);

    signal.throwIfAborted();
    const [servers, surplus] = split(
      testimony.votes.map(({ server }) => server),
      maxWitnesses,
    );
    const dropped = [
      ...selection.dropped,
      ...testimony.dropped,
      ...surplus.map((server) => ({ server, why: `good, but ${maxWitnesses} witnesses are enough` })),
    ];
    const { files, changes } = await planKeys(config, sectionFor(config, params, { ...point, servers }));
    const output = {
      chainId: selection.witnesses[0]?.status.chainId ?? '',
      chainVerified: selection.chainVerified,
      trustHeight: point.height,
      trustHash: point.hash,
      witnesses: servers,
      dropped: dropped.map(({ server, why }) => ({ server, why })),
      ...changesOutput(changes),
    };
    const warnings = [...(local?.warnings ?? []), ...unconfirmed(servers)];
    const doubts = warnings.length === 0 ? {} : { warnings };
    const trusts = `the node trusts height ${point.height}, by ${plural(servers.length, 'witness', 'witnesses')}`;
    const numbers = { height: point.height };
    const message = `${trusts}; ${afterRestart}`;
    const report = { outcome: 'changed', message, numbers, output, ...doubts } as const;
    const isChanged = files.length > 0;
    if (isChanged) {
      await pledgeFiles(context, folder, files, report);
      await replaceFiles(folder, files);
    }
    logger.info('configured state sync', { height: point.height, hash: point.hash, servers, changed: isChanged });
    return isChanged
      ? report
      : { ...nothingDone('already-as-wanted', `${trusts}, as the file says already`, output), numbers, ...doubts };
  },
  finish: finishFiles(options.home),
});

const syncedBySeictl =
  'seictl configured state sync here, and the node has state since: to sync again, empty its data folder first';

const defaultTimeoutMs = 10_000;
const probesAtOnce = 16;
const maxWitnesses = 16;
/** A fast chain makes blocks while slow witnesses are still being asked. */
const leastLag = 1_000;
/** State sync verifies a snapshot at height h by the headers of h, h + 1 and h + 2. */
const aboveSnapshot = 2;
const peersKey = ['p2p', 'persistent-peers'];

const candidatesOf = (config: ConfigToml, { rpcServers }: ConfigureStateSyncParams, egress: Egress): Candidates => {
  if (rpcServers !== undefined) return serversOfParams(rpcServers, egress);
  const peers = textAt(config, peersKey);
  if (peers.trim() !== '') return serversOfPeers(peers);
  throw new TaskError(
    'too-few-witnesses',
    `${config.path} has no persistent peers to ask: give rpcServers, or run discover-peers first; nothing was changed`,
  );
};

interface Probed extends Selection {
  readonly chainVerified: ChainVerified;
  /** The witnesses that have to agree, at least. */
  readonly fewest: number;
}

const probe = async (
  { servers, dropped: unfit }: Candidates,
  context: TaskContext<ConfigureStateSyncParams>,
  { home, rpc, timeoutMs = defaultTimeoutMs }: ConfigureStateSyncOptions,
): Promise<Probed> => {
  const { params, signal } = context;
  const ownId = await readOwnNodeId(home);
  const ownChainId = await findChainId(home, signal);
  let done = 0;
  context.progress({ stage: 'probe', done, total: servers.length, unit: 'servers' });
  const probes = await mapConcurrently(servers, probesAtOnce, async (server): Promise<Witness | Dropped> => {
    try {
      return { server, status: await readNodeStatus(rpc, server, { signal, timeoutMs }) };
    } catch (error) {
      signal.throwIfAborted();
      return { server, why: whyOf(error) };
    } finally {
      done++;
      context.progress({ stage: 'probe', done, total: servers.length, unit: 'servers' });
    }
  });
  const live = probes.flatMap((one) => ('status' in one ? one : []));
  const dead = [...unfit, ...probes.flatMap((one) => ('why' in one ? one : []))];
  const maxLag = Math.max(params.trustHeightOffset, leastLag);
  const selected = selectWitnesses(live, { ownId, ownChainId, maxLag });
  const dropped = [...dead, ...selected.dropped];
  const fewest = params.allowSingleWitness === true ? 1 : 2;
  if (selected.witnesses.length < fewest) throw tooFewWitnesses(selected.witnesses, dropped, fewest);
  return {
    witnesses: selected.witnesses,
    dropped,
    fewest,
    chainVerified: ownChainId === undefined ? 'genesis-missing' : 'verified',
  };
};

interface Found {
  readonly point: TrustPoint;
  readonly testimony: Testimony;
}

const heightBelowTip = ({ witnesses }: Selection, offset: number): number =>
  Math.max(1, Math.min(...witnesses.map(({ status }) => status.latestHeight)) - offset);

const pointAt = async (height: number, selection: Probed, ask: AskOptions): Promise<Found> => {
  const testimony = await askForBlock(selection.witnesses, height, ask);
  return { point: agreedBlock(testimony, selection.dropped, selection.fewest), testimony };
};

/**
 * The file's own point, where all witnesses have that very block and a node has time enough left to use it. With an offset other than the
 * default it also has to be about where that puts it.
 */
const keptPoint = async (
  config: ConfigToml,
  selection: Probed,
  { periodMs, offset }: { readonly periodMs: number; readonly offset: number },
  clock: Clock,
  ask: AskOptions,
  logger: Logger,
): Promise<Found | undefined> => {
  const existing = existingPoint(config);
  if (existing === undefined) return undefined;
  const distance = Math.abs(existing.height - heightBelowTip(selection, offset));
  if (offset !== defaultTrustHeightOffset && distance > Math.max(offset, leastLag)) return undefined;
  const testimony = await askForBlock(selection.witnesses, existing.height, ask);
  if (testimony.votes.length < selection.witnesses.length) return undefined;
  const point = agreedBlock(testimony, selection.dropped, selection.fewest);
  if (point.hash !== existing.hash) {
    logger.warn('the trust point of the file is on another chain than the witnesses', { existing, point });
    return undefined;
  }
  return clock.now() - point.time < periodMs / 2 ? { point, testimony } : undefined;
};

/** Of a trust point that one witness alone vouches for, which the params have allowed. */
const unconfirmed = ([first, second]: readonly string[]): readonly string[] =>
  first === undefined || second !== undefined
    ? []
    : [
        `only ${first.slice(0, 120)} vouches for the trust point, and no other witness confirmed it: if it lies or is on a fork, so is this node`,
      ];

const refuseExpired = ({ height, time }: TrustPoint, periodMs: number, clock: Clock): void => {
  if (clock.now() - time < periodMs) return;
  throw new TaskError(
    'trust-expired',
    `block ${height} is of ${momentText(time)}, older than the trust period of ${Math.round(periodMs / 1000)} s; nothing was changed`,
  );
};

const split = <T>(items: readonly T[], at: number): readonly [readonly T[], readonly T[]] => [
  items.slice(0, at),
  items.slice(at),
];
