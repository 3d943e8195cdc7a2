import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { type TaskResult, type TaskType, taskTypes } from '@nodetask/shared';
import { Engine } from '../src/engine/engine.ts';
import type { TaskHandlers } from '../src/engine/task-handler.ts';
import { nodeHome, type NodeHome } from '../src/node/node-home.ts';
import { createEgress } from '../src/node/testing/loopback-egress.ts';
import { makeTempHome } from '../src/node/testing/temp-home.ts';
import { createRpcClient } from '../src/node/rpc-client.ts';
import { MemoryStore } from '../src/store/memory-store.ts';
import { discoverPeers } from '../src/tasks/discover-peers/discover-peers.ts';
import { createHandlers, type HandlerOptions } from '../src/tasks/handlers.ts';
import { makeSeiHome } from '../src/tasks/testing/sei-home.ts';
import { SilentServer } from './support/silent-server.ts';
import { makeChainHome, writeSnapshot } from './support/snapshot-home.ts';

/** Each type of task against servers that take connections and never answer: the time-out says for what the task waited. */

before(() => {
  // Otherwise the SDK asks the network for credentials.
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_EC2_METADATA_DISABLED: 'true',
  });
});

interface Row {
  readonly params: Readonly<Record<string, unknown>>;
  /** Stands after "while waiting for ". */
  readonly awaited: string;
  /** Default: three seconds, which no client waits out. */
  readonly timeoutSeconds?: number;
  /** By how much the time goes on after each connection that comes, in milliseconds; after the last it goes on until the task ends. */
  readonly afterEach?: readonly number[];
}

type MakeHandlers = (options: HandlerOptions) => TaskHandlers;

/** Runs a task of the agent's own handlers, whose node has the silent server as its RPC, until its time is over. */
const run = async (
  t: TestContext,
  silent: SilentServer,
  type: TaskType,
  { params, timeoutSeconds = 3, afterEach = [0] }: Row,
  makeHandlers: MakeHandlers = createHandlers,
  begun?: Promise<unknown>,
): Promise<TaskResult> => {
  const home = await homeFor(t, type);
  const egress = createEgress({ nodeRPC: silent.url, allowHosts: ['127.0.0.1'] });
  t.after(() => egress.close());
  const clock = new FakeClock();
  const stop = new AbortController();
  const engine = new Engine({
    handlers: makeHandlers({
      home: home.root,
      stateFolder: `${home.root}/.nodetask`,
      nodeRPC: silent.url,
      egress,
      clock,
      hostname: 'test',
      cpus: 2,
    }),
    store: new MemoryStore(),
    clock,
    signal: stop.signal,
  });
  t.after(() => {
    stop.abort();
  });
  const ended: { result?: TaskResult } = {};
  engine.subscribe(({ result }) => {
    if (result !== undefined && result.status !== 'running') ended.result = result;
  });
  engine.submitRequest({ type, params, timeoutSeconds });
  for (const [index, ms] of afterEach.entries()) {
    await silent.connections(index + 1);
    await clock.advance(ms);
  }
  await begun;
  while (ended.result === undefined) await clock.advance(100);
  return ended.result;
};

/** The rows of each type; a type without any waits for nobody. */
const rowsOf = (url: string): Readonly<Record<TaskType, readonly Row[]>> => {
  const s3 = { bucket: 'snapshots', region: 'us-east-1', endpoint: url };
  const { port } = new URL(url);
  return {
    'mark-ready': [],
    'config-patch': [
      { params: { files: { 'config.toml': { p2p: { pex: false } } }, dialect: 'cometbft' }, awaited: `${url}/status` },
    ],
    'config-apply': [{ params: { mode: 'full' }, awaited: `${url}/status` }],
    'config-validate': [{ params: {}, awaited: `${url}/status` }],
    'config-reload': [{ params: { fields: { 'logging.level': 'info' } }, awaited: `${url}/status` }],
    'configure-genesis': [
      { params: { rpc: url }, awaited: `the first chunk of ${url}/genesis_chunked` },
      {
        params: { uri: 's3://sei/genesis.json', region: 'us-east-1', endpoint: url },
        awaited: `s3://sei/genesis.json at ${url}`,
      },
    ],
    'configure-state-sync': [
      { params: { rpcServers: [`${url}/a`, `${url}/b`] }, awaited: `${url}/a/status and 1 more`, afterEach: [0, 0] },
    ],
    'discover-peers': [
      {
        params: { sources: [{ type: 'ec2Tags', region: 'eu-central-1', endpoint: url, tags: { chain: 'sei' } }] },
        awaited: `EC2 in eu-central-1 at ${url}`,
      },
      {
        params: { sources: [{ type: 'dns', hostname: '127.0.0.1' }], rpcPort: Number(port) },
        awaited: `${url}/status`,
      },
    ],
    'snapshot-upload': [{ params: s3, awaited: `s3://snapshots/200.manifest.json at ${url}` }],
    'snapshot-restore': [
      { params: { ...s3, chainId: 'test-chain-1' }, awaited: `${url}/status` },
      {
        params: { ...s3, chainId: 'test-chain-1', allowRunning: true },
        awaited: `s3://snapshots/latest.txt at ${url}`,
        timeoutSeconds: 8,
        afterEach: [5_000, 0],
      },
    ],
    // The client of the RPC gives up after 10 s, and the task tries again: the pauses are of its own making.
    'result-export': [
      { params: s3, awaited: `${url}/status (for 3 s)` },
      { params: s3, awaited: `${url}/status (for 11 s)`, timeoutSeconds: 11 },
    ],
  };
};

/** Its files do not tell of which kind the node is, so that the node is asked. */
const makeUndecidedHome = async (t: TestContext): Promise<NodeHome> => {
  const home = await makeTempHome(t);
  await writeFile(join(home.config, 'config.toml'), 'moniker = "node"\n');
  return home;
};

const homeFor = async (t: TestContext, type: TaskType): Promise<NodeHome> => {
  if (type.startsWith('config-')) return makeUndecidedHome(t);
  if (!type.startsWith('snapshot-')) return makeSeiHome(t);
  const home = await makeChainHome(t);
  for (const height of [200, 300]) await writeSnapshot(home, height, 1000);
  return home;
};

describe('a task that is out of time', () => {
  for (const type of taskTypes) {
    it(`says for what it waited: ${type}`, async (t) => {
      for (let index = 0; ; index++) {
        await using silent = await SilentServer.start();
        const row = rowsOf(silent.url)[type][index];
        if (row === undefined) break;
        const { error, errorCode } = await run(t, silent, type, row);
        assert.equal(errorCode, 'timed-out', String(error));
        const expected = ` s while waiting for ${row.awaited}`;
        assert.ok(error?.includes(expected), `${String(error)} has no ${expected}`);
      }
    });
  }

  it('says that it waited for a name server', async (t) => {
    await using silent = await SilentServer.start();
    const nameServer = createSocket('udp4').bind(0, '127.0.0.1');
    t.after(() => nameServer.close());
    await once(nameServer, 'listening');
    const { port } = nameServer.address();
    const row: Row = {
      params: { sources: [{ type: 'dns', hostname: '_p2p._tcp.peers.test', srv: true }] },
      awaited: 'the DNS to resolve _p2p._tcp.peers.test',
      afterEach: [],
    };
    const asked = once(nameServer, 'message');
    const { error } = await run(
      t,
      silent,
      'discover-peers',
      row,
      ({ home, stateFolder, egress, clock }) => {
        const handler = discoverPeers({
          home: nodeHome(home),
          stateFolder,
          egress,
          rpc: createRpcClient(egress, clock),
          clock,
          dnsServers: [`127.0.0.1:${port}`],
        });
        return { 'discover-peers': handler };
      },
      asked,
    );
    assert.ok(error?.includes(` s while waiting for ${row.awaited}`), String(error));
  });
});
