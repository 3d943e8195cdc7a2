import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { type Chain, type ChainNode, type Ec2Server, startChain, startEc2 } from '@nodetask/testbed';
import { parse } from 'smol-toml';
import type { TaskReport } from '../src/engine/task-handler.ts';
import { createEgress } from '../src/node/testing/loopback-egress.ts';
import { nodeHome } from '../src/node/node-home.ts';
import { createRpcClient } from '../src/node/rpc-client.ts';
import { discoverPeers } from '../src/tasks/discover-peers/discover-peers.ts';
import { runTask } from '../src/tasks/testing/run-task.ts';

/** discover-peers on the home of a real node, with a real EC2 API and the RPC of real nodes; the node's word on what it wrote. */

let chain: Chain;
let follower: ChainNode;
let ec2: Ec2Server;

before(async () => {
  [chain, ec2] = await Promise.all([startChain(), startEc2()]);
  follower = await chain.addFollower();
  await follower.start();
  Object.assign(process.env, ec2.environment);
});

after(async () => {
  await chain.stop();
  await ec2.stop();
});

/** Runs the task for a node; the pages of EC2 are as small as it allows. */
const runFor = (
  t: TestContext,
  node: ChainNode,
  sources: readonly object[],
  more: object = {},
): Promise<TaskReport> => {
  const egress = createEgress({
    nodeRPC: node.rpcUrl,
    allowHosts: [chain.validator.address, follower.address, node.address, ec2.host, '127.30.0.1'],
  });
  t.after(() => egress.close());
  const handler = discoverPeers({
    home: nodeHome(node.home),
    stateFolder: join(node.home, '.nodetask'),
    egress,
    rpc: createRpcClient(egress, systemClock),
    clock: systemClock,
    ec2PageSize: 5,
  });
  return runTask('discover-peers', handler, { sources, ...more });
};

const peersOf = async (node: ChainNode): Promise<unknown> => {
  const { p2p } = parse(await readFile(node.configFile, 'utf8')) as Record<string, Record<string, unknown>>;
  return p2p?.['persistent_peers'];
};

const ec2Tags = (tags: object): object => ({ type: 'ec2Tags', region: ec2.region, endpoint: ec2.endpoint, tags });

describe('discover-peers with EC2 and a chain', { timeout: 120_000 }, () => {
  test('finds the running nodes among all pages of instances, and the node connects to them', async (t) => {
    const node = await chain.addFollower({ persistentPeers: [] });
    await node.start();
    const others = Array.from({ length: 6 }, () => ({ privateAddress: '127.30.0.1', tags: { chain: 'another' } }));
    const silent = { privateAddress: '127.30.0.1', tags: { chain: 'sei*' } };
    const [stopped = ''] = await ec2.runInstances([
      { privateAddress: '127.30.0.2', tags: { chain: 'sei*' } },
      ...others,
      { privateAddress: '127.30.0.3', tags: { chain: 'sei-like' } },
      silent,
      ...[follower, node, chain.validator].map(({ address }) => ({ privateAddress: address, tags: { chain: 'sei*' } })),
    ]);
    await ec2.stopInstances([stopped]);

    const report = await runFor(t, node, [ec2Tags({ chain: 'sei*' })]);
    assert.equal(report.outcome, 'changed');
    const peers = [follower.peerAddress, chain.validator.peerAddress];
    const output = report.output as
      | {
          readonly peers: readonly string[];
          readonly sources: readonly {
            readonly unreachable: readonly { readonly host: string; readonly why: string }[];
            readonly skipped: readonly object[];
          }[];
        }
      | undefined;
    assert.deepEqual(output?.peers.toSorted(), peers.toSorted());
    const [source] = output?.sources ?? [];
    assert.deepEqual(source?.skipped, [{ host: `${node.address}:26656`, why: 'this node itself' }]);
    assert.deepEqual(
      source.unreachable.map(({ host }) => host),
      ['127.30.0.1:26656'],
    );
    assert.match(source.unreachable[0]?.why ?? '', /ECONNREFUSED/);

    const text = await readFile(node.configFile, 'utf8');
    assert.equal((await runFor(t, node, [ec2Tags({ chain: 'sei*' })])).outcome, 'unchanged');
    assert.equal(await readFile(node.configFile, 'utf8'), text);

    await node.stop();
    await node.start();
    await node.waitForHeight(3);
    const netInfo = (await node.rpc('/net_info')) as { peers: { node_info: { id: string } }[] };
    assert.ok(netInfo.peers.some(({ node_info: { id } }) => id === chain.validator.nodeId));
  });

  test('an EC2 API that is down fails the task only where nobody else knows a peer', async (t) => {
    const node = await chain.addFollower({ persistentPeers: [follower.peerAddress] });
    const down = { type: 'ec2Tags', region: 'us-east-1', endpoint: 'http://127.30.0.1:1', tags: { a: 'b' } };
    const text = await readFile(node.configFile, 'utf8');
    await assert.rejects(runFor(t, node, [down]), { code: 'no-peers', message: /ECONNREFUSED.*nothing was changed/ });
    assert.equal(await readFile(node.configFile, 'utf8'), text);

    const known = { type: 'static', addresses: [chain.validator.peerAddress] };
    const report = await runFor(t, node, [down, known]);
    assert.deepEqual(report.output?.['kept'], [follower.peerAddress]);
    assert.match(JSON.stringify(report.output), /"error":".*ECONNREFUSED/);
    assert.equal(await peersOf(node), [chain.validator.peerAddress, follower.peerAddress].join(','));
  });
});
