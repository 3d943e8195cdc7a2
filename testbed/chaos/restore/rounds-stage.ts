// What all rounds share: a chain, one node of which gives its snapshots, an operator, and a store that can be made to fail.
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentProcess } from '../../src/agent-process.ts';
import type { ChainNode } from '../../src/chain/chain-node.ts';
import type { Cluster } from '../../src/cluster.ts';
import { startFaultProxy, targetOf } from '../../src/fault-proxy.ts';
import type { FaultProxy } from '../../src/fault-proxy.ts';
import type { HttpFaultProxy } from '../../src/http-fault-proxy.ts';
import { loadConfig } from '../../src/config.ts';
import type { S3Server } from '../../src/s3.ts';
import type { SdkChain } from '../../src/sdk-chain.ts';
import { makeTempFolder } from '../../src/temp-folder.ts';
import { waitFor } from '../../src/wait.ts';
import { Victim } from '../faults/victim.ts';
import { snapshotsOf } from './torso.ts';

export interface RoundsServers {
  /** Without leader election: a killed operator would wait for its own Lease. */
  readonly cluster: Cluster;
  /** Of two validators, with a state of some MiB, so that an archive takes a while. */
  readonly chain: SdkChain;
  readonly s3: S3Server;
  readonly bucket: string;
}

export interface RoundsStage extends RoundsServers, AsyncDisposable {
  readonly validators: readonly [ChainNode, ChainNode];
  /** The second of the validators. */
  readonly source: ChainNode;
  readonly sourcePod: string;
  readonly sourceAgent: Victim;
  readonly operator: Victim;
  /** Between agents and `store`. */
  readonly line: FaultProxy;
  /** Before the S3 server. */
  readonly store: HttpFaultProxy;
  /** Snapshots of the source from before the first round. */
  readonly olderSnapshots: string;
  makePod(name: string, node: ChainNode): Promise<AgentProcess>;
  /** The agent of a pod as something to kill. */
  victim(agent: AgentProcess): Victim;
  /** Ends of processes that no fault caused; each is told once. */
  takeFalls(): readonly string[];
}

const sourcePod = 'rounds-source';

/** It stops what it has started, and neither cluster, chain nor S3 server. */
export const setRoundsStage = async (servers: RoundsServers): Promise<RoundsStage> => {
  const { cluster, chain, s3 } = servers;
  const [first, source] = chain.validators;
  if (first === undefined || source === undefined) throw new Error('the chain has fewer than two validators');
  await using parts = new AsyncDisposableStack();
  const store = parts.use(await s3.startHttpFaultProxy());
  const line = parts.use(await startFaultProxy({ target: targetOf(store.endpoint) }));
  const folder = await makeTempFolder(loadConfig().tempRoot, 'rounds');
  parts.use(folder);
  const olderSnapshots = join(folder.path, 'snapshots');
  await waitFor(async () => (await snapshotsOf(source)).length >= 2, {
    what: 'the source to have taken two snapshots, the lower one of which is uploaded',
    timeoutMs: 60_000,
  });
  await cp(join(source.home, 'data', 'snapshots'), olderSnapshots, { recursive: true });

  const falls: string[] = [];
  const victim = (agent: AgentProcess): Victim => new Victim(agent.pod.name, agent, (what) => falls.push(what));
  const makePod = (name: string, node: ChainNode): Promise<AgentProcess> =>
    cluster.createAgentPod(name, {
      home: node.home,
      nodeRPC: node.rpcUrl,
      env: s3.environment,
      allowHosts: [`${line.host}:${line.port}`, ...chain.validators.map(({ address }) => address)],
    });
  const sourceAgent = victim(await makePod(sourcePod, source));
  const operator = new Victim('operator', cluster.operator, (what) => falls.push(what));
  parts.defer(() => {
    sourceAgent.release();
    operator.release();
  });
  const owned = parts.move();
  return {
    ...servers,
    validators: [first, source],
    source,
    sourcePod,
    sourceAgent,
    operator,
    line,
    store,
    olderSnapshots,
    makePod,
    victim,
    takeFalls: () => falls.splice(0),
    [Symbol.asyncDispose]: async () => owned.disposeAsync(),
  };
};
