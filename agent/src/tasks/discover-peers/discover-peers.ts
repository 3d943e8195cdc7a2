import { type Clock, defaultPeerPorts, type DiscoverPeersParams, type JsonObject, TaskError } from '@nodetask/shared';
import * as z from 'zod';
import type { TaskContext, TaskHandler, TaskReport } from '../../engine/task-handler.ts';
import { findChainId } from '../../node/chain-id.ts';
import { configLock, openConfigFolder } from '../../node/config-folder.ts';
import type { Egress } from '../../node/egress.ts';
import { startDeadline } from '../../node/http/deadline.ts';
import { readOwnNodeId } from '../../node/node-id.ts';
import { replaceFiles } from '../../node/file-transaction.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { finishFiles, pledgeFiles } from '../../node/pledge-files.ts';
import { parsePeerAddress, splitList } from '../../node/peer-address.ts';
import type { RpcClient } from '../../node/rpc-client.ts';
import { changesOutput } from '../config/changes.ts';
import { planKeys, readConfigToml, textAt } from '../config/config-toml.ts';
import { type AskDialect, askNobody } from '../config/dialect/ask-dialect.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { afterRestart } from '../after-restart.ts';
import { nothingDone } from '../nothing-done.ts';
import { plural } from '../plural.ts';
import { refusedParam } from '../refuse-param.ts';
import { whyOf } from '../why.ts';
import { type Answer, askHosts } from './ask-hosts.ts';
import { type Choice, choosePeers, describeNoPeers, type Findings, formatPeers } from './choose-peers.ts';
import { addressSource, serviceSource } from './dns-source.ts';
import { ec2Source } from './ec2-source.ts';
import { addressesOf, maxHosts, type PeerSource } from './peer-source.ts';
import { settleAddresses } from './settle-addresses.ts';
import { staticSource } from './static-source.ts';
import { readWrittenPeers, writeWrittenPeers } from './written-peers.ts';

export interface DiscoverPeersOptions {
  readonly home: NodeHome;
  /** The agent's own state folder. */
  readonly stateFolder: string;
  readonly egress: Egress;
  readonly rpc: RpcClient;
  readonly clock: Clock;
  /** Default: nobody, as if the node did not run. */
  readonly askDialect?: AskDialect;
  /** DNS servers for SRV records, as `address:port`; default: those of the system. */
  readonly dnsServers?: readonly string[];
  /** Budget of one source; default 60 s. */
  readonly sourceTimeoutMs?: number;
  /** Budget of one host; default 5 s. */
  readonly hostTimeoutMs?: number;
  /** Instances that EC2 is asked for at once; default 1,000. */
  readonly ec2PageSize?: number;
}

/**
 * discover-peers: lists hosts from every source, asks each for its node id, and writes the persistent peers. One peer is enough for
 * success; what failed is in the output. No answer is not taken for absence: a peer whose host did not answer stays, and so do all while a
 * source cannot be read. Peers that somebody else wrote stay unless `keepOthers` is false.
 * Output: `{reason?, nodeId?, peers, kept?, removed?, chainVerified, sources: [{source, peers, unreachable, skipped, error?}],
 * changes: [{file, key, from?, to?}]}`.
 */
export const discoverPeers = (options: DiscoverPeersOptions): TaskHandler<DiscoverPeersParams> => ({
  interrupted: 'run-again',
  locks: () => [configLock],
  check: (params) => {
    sourcesOf(params, options);
    refuseUnusedPorts(params);
  },
  run: async (context) => {
    const { params, signal, logger } = context;
    const sources = sourcesOf(params, options);
    const folder = await openConfigFolder(options.home, logger);
    const config = await readConfigToml(folder, {
      asked: params.dialect,
      ask: options.askDialect ?? askNobody,
      signal,
    });
    const existing = textAt(config, peersKey);
    const written = await readWrittenPeers(options.stateFolder, logger);
    const ownId = await readOwnNodeId(options.home);
    const ownChainId = await findChainId(options.home, signal);

    const findings = await findAll(sources, context, options);
    const answers = await askAll(findings, context, options);
    const choice = choosePeers({
      ...settleAddresses(findings, answers),
      ownId,
      ownChainId,
      existing: splitList(existing),
      written,
      keepOthers: params.keepOthers,
    });
    const found = describe(choice, ownId);
    if (choice.found.length === 0) {
      throw new TaskError('no-peers', `no peer was found: ${describeNoPeers(choice.sources)}; nothing was changed`, {
        output: found,
      });
    }
    signal.throwIfAborted();
    const value = [...formatPeers(choice.found), ...choice.kept].join(',');
    const ids = writtenBy(choice, written);
    const { files, changes } = await planKeys(config, [[peersKey, value]]);
    const output = { ...found, ...changesOutput(changes) };
    const isChanged = files.length > 0;
    const told = inWords(choice, isChanged);
    if (isChanged) {
      await pledgeFiles(context, folder, files, { outcome: 'changed', ...told, output }, { ids: [...ids] });
      await replaceFiles(folder, files);
    }
    // After the file: a run that is cut off in between does it when it is finished.
    await writeWrittenPeers(options.stateFolder, ids);
    logger.info('discovered peers', {
      found: choice.found.length,
      kept: choice.kept.length,
      removed: choice.removed.length,
      changed: isChanged,
    });
    return isChanged
      ? { outcome: 'changed', ...told, output }
      : { ...nothingDone('already-as-wanted', told.message, output), numbers: told.numbers };
  },
  finish: async (context, pledge) => {
    const report = await finishFiles(options.home)(context, pledge);
    if (report === undefined) return undefined;
    await writeWrittenPeers(options.stateFolder, idsSchema.parse(pledge.proof).ids);
    return report;
  },
});

const idsSchema = z.looseObject({ ids: z.array(z.string()) });

const peersKey = ['p2p', 'persistent-peers'];
const defaultSourceTimeoutMs = 60_000;
const defaultHostTimeoutMs = 5_000;
const sourcesAtOnce = 4;

/** Also refuses at submit what must not be reached. */
const sourcesOf = (params: DiscoverPeersParams, options: DiscoverPeersOptions): readonly PeerSource[] => {
  const { egress, ec2PageSize, dnsServers } = options;
  const { port, rpcPort } = params;
  const dns = { egress, port, rpcPort, ...(dnsServers === undefined ? {} : { dnsServers }) };
  const ec2 = { egress, port, ...(ec2PageSize === undefined ? {} : { pageSize: ec2PageSize }) };
  return params.sources.map((source, index) => {
    const field = `sources.${index}`;
    switch (source.type) {
      case 'static':
        return staticSource(source.addresses, field, egress);
      case 'ec2Tags':
        return ec2Source(source, field, ec2);
      case 'dns':
        return (source.srv ? serviceSource : addressSource)(source.hostname, field, dns);
      default:
        return source satisfies never;
    }
  });
};

/** A port that no source takes would have no effect, and nobody would be told. */
const refuseUnusedPorts = ({ sources, port, rpcPort }: DiscoverPeersParams): void => {
  if (
    port !== defaultPeerPorts.port &&
    !sources.some((source) => source.type === 'ec2Tags' || (source.type === 'dns' && !source.srv))
  )
    throw refusedParam('port', 'every source tells the ports itself: remove it');
  if (rpcPort !== defaultPeerPorts.rpcPort && sources.every(({ type }) => type === 'static'))
    throw refusedParam('rpcPort', 'no host of static sources is asked: remove it');
};

type Context = TaskContext<DiscoverPeersParams>;

const findAll = async (
  sources: readonly PeerSource[],
  context: Context,
  { clock, sourceTimeoutMs = defaultSourceTimeoutMs }: DiscoverPeersOptions,
): Promise<readonly Findings[]> => {
  const { signal, logger } = context;
  let done = 0;
  context.progress({ stage: 'find', done, total: sources.length, unit: 'sources' });
  return mapConcurrently(sources, sourcesAtOnce, async (source): Promise<Findings> => {
    const late = (): Error =>
      new TaskError('source-unreachable', `${source.name} did not answer within ${sourceTimeoutMs / 1000} s`);
    const deadline = startDeadline(clock, signal, sourceTimeoutMs, late);
    try {
      return { name: source.name, candidates: await source.find(deadline.signal) };
    } catch (error) {
      signal.throwIfAborted();
      logger.warn('a source of peers cannot be read', { source: source.name, error });
      return { name: source.name, error: whyOf(error) };
    } finally {
      deadline.end();
      done++;
      context.progress({ stage: 'find', done, total: sources.length, unit: 'sources' });
    }
  });
};

/** Each host once, even where several sources list it. */
const askAll = async (
  findings: readonly Findings[],
  context: Context,
  { rpc, hostTimeoutMs = defaultHostTimeoutMs }: DiscoverPeersOptions,
): Promise<ReadonlyMap<string, Answer>> => {
  const candidates = findings.flatMap((source) => ('candidates' in source ? source.candidates : []));
  const toAsk = candidates.filter(({ id, fault }) => id === undefined && fault === undefined);
  const listed = new Set(toAsk.map(({ host }) => host)).size;
  if (listed > maxHosts) {
    throw new TaskError(
      'source-invalid',
      `the sources list ${listed} hosts, and at most ${maxHosts} are asked; nothing was changed. Give narrower sources`,
    );
  }
  const hosts = [...new Set(toAsk.flatMap(addressesOf))];
  let done = 0;
  const onAnswer = (): void => {
    done++;
    context.progress({ stage: 'ask', done, total: hosts.length, unit: 'hosts' });
  };
  const { params, signal } = context;
  return askHosts(hosts, { rpc, rpcPort: params.rpcPort, signal, timeoutMs: hostTimeoutMs, onAnswer });
};

/** The node ids in the file that are this task's own. */
const writtenBy = ({ found, kept }: Choice, written: ReadonlySet<string>): readonly string[] => [
  ...found.map(({ id }) => id),
  ...kept.flatMap((text) => parsePeerAddress(text)?.id ?? []).filter((id) => written.has(id)),
];

/** "3 peers, of which 1 kept; 1 host did not answer; takes effect when the node restarts". */
const inWords = (
  { found, kept, sources }: Choice,
  isChanged: boolean,
): Required<Pick<TaskReport, 'message' | 'numbers'>> => {
  const peers = found.length + kept.length;
  const silent = sources.reduce((sum, { unreachable }) => sum + unreachable.length, 0);
  const message = [
    `${plural(peers, 'peer')}${kept.length === 0 ? '' : `, of which ${kept.length} kept`}`,
    ...(silent === 0 ? [] : [`${plural(silent, 'host')} did not answer`]),
    isChanged ? afterRestart : 'all are in the file already',
  ].join('; ');
  return { message, numbers: { peers } };
};

const describe = ({ found, kept, removed, chainVerified, sources }: Choice, ownId: string | undefined): JsonObject => ({
  ...(ownId === undefined ? {} : { nodeId: ownId }),
  peers: formatPeers(found),
  ...(kept.length === 0 ? {} : { kept }),
  ...(removed.length === 0 ? {} : { removed }),
  chainVerified,
  sources: sources.map(({ source, peers, unreachable, skipped, error }) => ({
    source,
    peers,
    unreachable: unreachable.map(({ host, why }) => ({ host, why })),
    skipped: skipped.map(({ host, why }) => ({ host, why })),
    ...(error === undefined ? {} : { error }),
  })),
});
