import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { applyStep, outcomeOf } from '../demo/apply-step.ts';
import { exampleNamespace, examplePod } from '../demo/run-step.ts';
import { onAChainWithSnapshots } from '../demo/scenario.ts';
import { startChain } from '../src/chain.ts';
import type { Chain } from '../src/chain.ts';
import type { ChainNode } from '../src/chain/chain-node.ts';
import { startCluster } from '../src/cluster.ts';
import type { Cluster } from '../src/cluster.ts';

/** examples/configure-state-sync.yaml, applied by kubectl: the node whose config it wrote restores a snapshot of a real chain. */
const snapshotInterval = 60;
let chain: Chain;
let witness: ChainNode;
let cluster: Cluster;

before(async () => {
  cluster = await startCluster({ namespace: exampleNamespace });
  chain = await startChain({ app: 'e2e', chainId: 'synced-1', snapshotInterval });
  witness = await chain.addFollower({ name: 'witness' });
  await witness.start();
});

after(async () => {
  await chain[Symbol.asyncDispose]();
  await cluster.stop();
});

test(`examples/${onAChainWithSnapshots.example}.yaml, as it stands`, { timeout: 240_000 }, async (t) => {
  await chain.validator.waitForHeight(2 * snapshotInterval + 5);
  await witness.waitUntilFollowing(chain.validator);
  const node = await chain.addFollower({ name: 'synced', config: { statesync: { discovery_time: '5s' } } });
  const allowHosts = [chain.validator.address, witness.address];
  await cluster.createAgentPod(examplePod, { home: node.home, nodeRPC: node.rpcUrl, allowHosts });

  const tell = (line: string): void => {
    t.diagnostic(line);
  };
  const substitutions = [
    ['http://sentry-0.sei.svc.cluster.local:26657', chain.validator.rpcUrl],
    ['https://rpc.example.com', witness.rpcUrl],
    // This chain is some hundred blocks old.
    ['trustHeightOffset: 2000', 'trustHeightOffset: 30'],
  ] as const;
  const applied = await applyStep(cluster, onAChainWithSnapshots, substitutions, tell);
  const { says, fault } = await outcomeOf(cluster, applied, AbortSignal.timeout(120_000));
  assert.equal(fault, undefined);
  tell(says);

  await node.start();
  await node.waitUntilFollowing(chain.validator);
  const earliest = await node.earliestHeight();
  assert.ok(earliest > snapshotInterval, `it has blocks from ${earliest} on: it replayed the chain`);
  await node.stop();
});
