import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { readdir, writeFile } from 'node:fs/promises';
import type { LookupFunction } from 'node:net';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { parse } from 'smol-toml';
import type { ProgressUpdate, TaskReport } from '../../engine/task-handler.ts';
import { createEgress } from '../../node/testing/loopback-egress.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { createRpcClient } from '../../node/rpc-client.ts';
import { startDnsServer } from '../../node/testing/dns-server.ts';
import { hostileAnswers } from '../../node/testing/hostile-answers.ts';
import { type Respond, startHostServers } from '../../node/testing/host-servers.ts';
import { sendJson, startServer } from '../../node/testing/http-server.ts';
import { makeTempHome } from '../../node/testing/temp-home.ts';
import { runTask, type RunOptions } from '../testing/run-task.ts';
import { cometBFTConfig, makeSeiHome, readConfigFile, rewrite } from '../testing/sei-home.ts';
import { discoverPeers, type DiscoverPeersOptions } from './discover-peers.ts';

const id = (digit: string): string => digit.repeat(40);

const status = (nodeId: string, chainId = 'sei-1'): object => ({
  node_info: { id: nodeId, network: chainId },
  sync_info: { latest_block_height: '9', earliest_block_height: '1' },
});

/** A node that answers bare, as Sei does. */
const bare =
  (nodeId: string, chainId?: string): Respond =>
  (_, response) => {
    sendJson(response, status(nodeId, chainId));
  };

/** A node that answers in an envelope, as CometBFT does. */
const enveloped =
  (nodeId: string): Respond =>
  (_, response) => {
    sendJson(response, { jsonrpc: '2.0', id: -1, result: status(nodeId) });
  };

interface SetUp {
  readonly home: NodeHome;
  readonly rpcPort: number;
  readonly run: (
    sources: readonly object[],
    options?: RunOptions & { readonly params?: object },
  ) => Promise<TaskReport>;
  readonly peers: () => Promise<unknown>;
}

const setUp = async (
  t: TestContext,
  hosts: Readonly<Record<string, Respond>>,
  {
    names = {},
    flavour = 'sei',
    ...options
  }: Partial<DiscoverPeersOptions> & {
    /** What the system resolves. */
    readonly names?: Readonly<Record<string, readonly string[]>>;
    readonly flavour?: 'sei' | 'cometbft';
  } = {},
): Promise<SetUp> => {
  const home = flavour === 'sei' ? await makeSeiHome(t) : await makeTempHome(t);
  if (flavour === 'cometbft') await writeFile(join(home.config, 'config.toml'), cometBFTConfig);
  const rpcPort = Object.keys(hosts).length === 0 ? 26657 : await startHostServers(t, hosts);
  const lookup: LookupFunction = (name, _, callback) => {
    const addresses = Object.hasOwn(names, name) ? names[name] : undefined;
    if (addresses === undefined) callback(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }), '');
    else
      callback(
        null,
        addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
  };
  const allowed = [...Object.keys(hosts), ...Object.keys(names)];
  const egress = createEgress({ nodeRPC: 'http://127.0.0.1:1', allowHosts: allowed, lookup });
  t.after(() => egress.close());
  const rpc = createRpcClient(egress, systemClock);
  const handler = discoverPeers({
    home,
    stateFolder: join(home.root, 'state'),
    egress,
    rpc,
    clock: systemClock,
    ...options,
  });
  return {
    home,
    rpcPort,
    run: (sources, { params, ...runOptions } = {}) =>
      runTask('discover-peers', handler, { sources, rpcPort, ...params }, runOptions),
    peers: async () => {
      const { p2p } = parse(await readConfigFile(home, 'config.toml')) as Record<string, Record<string, unknown>>;
      return flavour === 'sei' ? p2p?.['persistent-peers'] : p2p?.['persistent_peers'];
    },
  };
};

/** What the first source says of hosts that it could not ask. */
const unreachable = (report: TaskReport): readonly { readonly why: string }[] => {
  const sources = report.output?.['sources'] as { unreachable: { why: string }[] }[] | undefined;
  return sources?.[0]?.unreachable ?? [];
};

const staticPeer = `${id('f')}@10.9.9.9:26656`;

/** An instance as EC2 describes it. */
const item = (name: string, privateIp: string, publicIp: string): string =>
  `<item><instancesSet><item><instanceId>${name}</instanceId><instanceState><code>16</code><name>running</name></instanceState>
  <privateIpAddress>${privateIp}</privateIpAddress><ipAddress>${publicIp}</ipAddress>
  <tagSet><item><key>a</key><value>b</value></item></tagSet></item></instancesSet></item>`;

describe('discover-peers', () => {
  test('asks the addresses of a name, whatever order and form they come in, and writes the same file each time', async (t) => {
    const hosts = { '127.20.0.1': bare(id('1')), '127.20.0.2': enveloped(id('2')), '127.20.0.3': bare(id('3')) };
    const names = { 'peers.sei.svc': ['127.20.0.3', '127.20.0.2', '127.20.0.1', '127.20.0.2'] };
    const progress: ProgressUpdate[] = [];
    const { run, peers, home } = await setUp(t, hosts, { names });
    const before = await readConfigFile(home, 'config.toml');
    const wanted = [`${id('1')}@127.20.0.1:26656`, `${id('2')}@127.20.0.2:26656`, `${id('3')}@127.20.0.3:26656`];
    const output = {
      peers: wanted,
      chainVerified: 'genesis-missing',
      sources: [{ source: 'dns peers.sei.svc', peers: 3, unreachable: [], skipped: [] }],
    };
    const source = { type: 'dns', hostname: 'peers.sei.svc' };
    assert.deepEqual(await run([source], { onProgress: (update) => progress.push(update) }), {
      outcome: 'changed',
      message: '3 peers; takes effect when the node restarts',
      numbers: { peers: 3 },
      output: {
        ...output,
        changes: [{ file: 'config.toml', key: 'p2p.persistent-peers', from: '(hidden)', to: '(hidden)' }],
      },
    });
    assert.equal(await peers(), wanted.join(','));
    assert.deepEqual(progress.at(-1), { stage: 'ask', done: 3, total: 3, unit: 'hosts' });
    const after = await readConfigFile(home, 'config.toml');
    const differing = after.split('\n').filter((line, index) => line !== before.split('\n')[index]);
    assert.deepEqual(differing, [`persistent-peers = "${wanted.join(',')}"`]);
    assert.deepEqual(await readdir(home.config), ['app.toml', 'config.toml']);

    names['peers.sei.svc'].reverse();
    const reason = 'already-as-wanted';
    assert.deepEqual(await run([source]), {
      outcome: 'unchanged',
      reason,
      message: '3 peers; all are in the file already',
      numbers: { peers: 3 },
      output: { reason, ...output, changes: [] },
    });
    assert.equal(await readConfigFile(home, 'config.toml'), after);
  });

  test('writes the key of CometBFT in its spelling, even beside one that is there by mistake', async (t) => {
    const { run, peers, home } = await setUp(t, {}, { flavour: 'cometbft' });
    await rewrite(home, 'config.toml', '[p2p]\n', '[p2p]\npersistent-peers = "wrong"\n');
    const addresses = [staticPeer, `${id('e')}@[2001:db8::1]:26656`];
    assert.equal((await run([{ type: 'static', addresses }])).outcome, 'changed');
    assert.equal(await peers(), addresses.join(','));
    assert.match(await readConfigFile(home, 'config.toml'), /persistent-peers = "wrong"/);
  });

  test('drops itself by the key of this node, wherever its configuration has that', async (t) => {
    const ownId = 'fe812c12f3ab4ce6ac5db69ac352f906cb1b11ef';
    const ownKey = 'BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwfqSmxj4pxSCr71UHsTLsX5lUd2rr6+e5JCHuppFEbSLA==';
    const { run, home } = await setUp(t, { '127.20.0.1': bare(ownId.toUpperCase()) }, { names: { n: ['127.20.0.1'] } });
    await rewrite(home, 'config.toml', '"config/node_key.json"', '"data/key.json"');
    await writeFile(
      join(home.data, 'key.json'),
      JSON.stringify({ priv_key: { type: 'tendermint/PrivKeyEd25519', value: ownKey } }),
    );
    const report = await run([
      { type: 'static', addresses: [`${ownId}@10.0.0.1:26656`, staticPeer] },
      { type: 'dns', hostname: 'n' },
    ]);
    const { sources, peers, nodeId } = report.output ?? {};
    assert.equal(nodeId, ownId);
    assert.deepEqual(peers, [staticPeer]);
    assert.deepEqual(sources, [
      { source: 'static', peers: 1, unreachable: [], skipped: [{ host: '10.0.0.1:26656', why: 'this node itself' }] },
      { source: 'dns n', peers: 0, unreachable: [], skipped: [{ host: '127.20.0.1:26656', why: 'this node itself' }] },
    ]);
  });

  test('asks an EC2 instance at each address and takes the private one only where it is the same node', async (t) => {
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
    });
    const instances = item('i-1', '127.20.0.1', '127.20.0.2') + item('i-2', '127.20.0.3', '127.20.0.4');
    const ec2 = await startServer(t, (_, response) =>
      response
        .writeHead(200, { 'content-type': 'text/xml' })
        .end(`<DescribeInstancesResponse><reservationSet>${instances}</reservationSet></DescribeInstancesResponse>`),
    );
    const hosts = {
      '127.20.0.1': bare(id('1')),
      '127.20.0.2': bare(id('1')),
      // A stranger in the network of the agent, of another chain.
      '127.20.0.3': bare(id('3'), 'evil-1'),
      '127.20.0.4': bare(id('2')),
    };
    const { run, peers } = await setUp(t, hosts, { names: { '127.0.0.1': [] } });
    const source = { type: 'ec2Tags', region: 'eu-central-1', tags: { a: 'b' }, endpoint: ec2.url };
    await run([source]);
    assert.equal(await peers(), `${id('1')}@127.20.0.1:26656,${id('2')}@127.20.0.4:26656`);
    await run([{ ...source, addressType: 'public' }]);
    assert.equal(await peers(), `${id('1')}@127.20.0.2:26656,${id('2')}@127.20.0.4:26656`);
  });

  test('refuses a port that no source takes', async (t) => {
    const { run } = await setUp(t, {});
    const fixed = { type: 'static', addresses: [staticPeer] };
    const service = { type: 'dns', hostname: '_p2p._tcp.n', srv: true };
    await assert.rejects(run([fixed, service], { params: { port: 1 } }), {
      code: 'invalid-params',
      message: /^port: /,
    });
    await assert.rejects(run([fixed], { params: { rpcPort: 1 } }), { code: 'invalid-params', message: /^rpcPort: / });
    assert.equal((await run([fixed], { params: { port: 26_656 } })).outcome, 'changed');
  });

  test('leaves out nodes of another chain than that of the genesis', async (t) => {
    const hosts = { '127.20.0.1': bare(id('1'), 'evil-1'), '127.20.0.2': bare(id('2')) };
    const { run, home, peers } = await setUp(t, hosts, { names: { n: Object.keys(hosts) } });
    await assert.rejects(run([{ type: 'dns', hostname: 'n' }]), { code: 'chain-mismatch', message: /evil-1/ });
    await writeFile(
      join(home.config, 'genesis.json'),
      '{"genesis_time":"2026-01-01T00:00:00Z","chain_id":"sei-1","app_state":{}}',
    );
    const report = await run([{ type: 'dns', hostname: 'n' }]);
    assert.equal(await peers(), `${id('2')}@127.20.0.2:26656`);
    assert.match(
      JSON.stringify(report.output?.['sources']),
      /a node of chain evil-1; the genesis of this node is of sei-1/,
    );
    assert.equal(report.output?.['chainVerified'], 'verified');
    // Who is listed with an id is not asked which chain it is of.
    const listed = await run([
      { type: 'dns', hostname: 'n' },
      { type: 'static', addresses: [staticPeer] },
    ]);
    assert.equal(listed.output?.['chainVerified'], 'peers-unproven');
  });

  test('takes names and ports of SRV records, and nothing that is no host name', async (t) => {
    const dnsServers = [
      await startDnsServer(t, [
        { target: 'node-1.test', port: 30_001 },
        { target: 'node-0.test', port: 30_000 },
        { target: 'node-0.test', port: 30_000 },
        { target: 'x"\n[rpc]', port: 1 },
        { target: 'a,b', port: 2 },
        { target: 'node-0.test', port: 0 },
        { target: '', port: 0 },
      ]),
    ];
    const names = { 'node-0.test': ['127.20.0.1'], 'node-1.test': ['127.20.0.2'], '_p2p._tcp.nodes.test': [] };
    const hosts = { '127.20.0.1': bare(id('1')), '127.20.0.2': bare(id('2')) };
    const { run, peers } = await setUp(t, hosts, { names, dnsServers });
    const report = await run([{ type: 'dns', hostname: '_p2p._tcp.nodes.test', srv: true }]);
    assert.equal(await peers(), `${id('1')}@node-0.test:30000,${id('2')}@node-1.test:30001`);
    assert.deepEqual(
      unreachable(report).map(({ why }) => why),
      ['is no host name', 'is no host name', 'port 0 of the SRV record is none'],
    );
  });

  test('one peer is enough: what failed is told, and peers of the file stay while a source cannot be read', async (t) => {
    const names = { n: ['127.20.0.1', '127.20.0.2'] };
    const hosts = { '127.20.0.1': bare(id('1')), '127.20.0.2': bare('no id') };
    const { run, home, peers } = await setUp(t, hosts, { names });
    await rewrite(home, 'config.toml', 'persistent-peers = ""', `persistent-peers = "${staticPeer},junk"`);
    const sources = [
      { type: 'dns', hostname: 'n' },
      { type: 'dns', hostname: 'missing.test' },
    ];
    const report = await run(sources);
    assert.equal(await peers(), `${id('1')}@127.20.0.1:26656,${staticPeer},junk`);
    assert.deepEqual(report.output?.['kept'], [staticPeer, 'junk']);
    assert.match(JSON.stringify(report.output), /127\.20\.0\.2:26656.*\\"no id\\" as node_info\.id/);
    assert.match(JSON.stringify(report.output), /missing\.test cannot be resolved \(ENOTFOUND\)/);
    const again = await run(sources);
    assert.deepEqual([again.outcome, again.output?.['reason']], ['unchanged', 'already-as-wanted']);

    // All sources can be read now, and the list is theirs if others' peers are not to stay.
    const replaced = await run([{ type: 'dns', hostname: 'n' }], { params: { keepOthers: false } });
    assert.equal(await peers(), `${id('1')}@127.20.0.1:26656`);
    assert.deepEqual(replaced.output?.['removed'], [staticPeer, 'junk']);
  });

  test('a host that restarts keeps its place in the list, and a host that no source lists any more loses it', async (t) => {
    let restarting = false;
    const second: Respond = (request, response) => {
      if (restarting) response.destroy();
      else bare(id('2'))(request, response);
    };
    const hosts = { '127.20.0.1': bare(id('1')), '127.20.0.2': second };
    const names = { a: ['127.20.0.1'], b: ['127.20.0.2'] };
    const { run, home, peers } = await setUp(t, hosts, { names });
    await rewrite(home, 'config.toml', 'persistent-peers = ""', `persistent-peers = "${staticPeer}"`);
    const both = [
      { type: 'dns', hostname: 'a' },
      { type: 'dns', hostname: 'b' },
    ];
    const [one, two] = [`${id('1')}@127.20.0.1:26656`, `${id('2')}@127.20.0.2:26656`];
    await run(both);
    assert.equal(await peers(), [one, two, staticPeer].join(','));

    restarting = true;
    const during = await run(both);
    assert.equal(during.output?.['removed'], undefined);
    assert.deepEqual(((await peers()) as string).split(',').toSorted(), [one, two, staticPeer].toSorted());

    const after = await run(both.slice(0, 1));
    assert.equal(await peers(), [one, staticPeer].join(','));
    assert.deepEqual([after.output?.['removed'], after.output?.['kept']], [[two], [staticPeer]]);
  });

  test('no peer at all is a failure that says why, and the file stays', async (t) => {
    const { run, home } = await setUp(t, { '127.20.0.1': bare('x') }, { names: { n: ['127.20.0.1', '127.20.0.3'] } });
    await rewrite(home, 'config.toml', 'persistent-peers = ""', `persistent-peers = "${staticPeer}"`);
    const before = await readConfigFile(home, 'config.toml');
    await assert.rejects(run([{ type: 'dns', hostname: 'n' }]), {
      code: 'no-peers',
      message: /dns n: 127\.20\.0\.1:26656: .*node_info\.id.*; 127\.20\.0\.3:26656: .*loopback.*nothing was changed/,
    });
    await assert.rejects(run([{ type: 'dns', hostname: 'missing.test' }]), { code: 'no-peers', message: /ENOTFOUND/ });
    assert.equal(await readConfigFile(home, 'config.toml'), before);
  });

  for (const [what, { respond, why }] of Object.entries(hostileAnswers)) {
    test(`survives a host that answers with ${what}`, async (t) => {
      const hosts = { '127.20.0.1': respond, '127.20.0.2': bare(id('2')) };
      // Only an answer that must run into the limit is given a short one: a busy machine is slow, too.
      const hostTimeoutMs = why.source.includes('did not answer') ? 1_500 : 20_000;
      const { run, peers } = await setUp(t, hosts, { names: { n: Object.keys(hosts) }, hostTimeoutMs });
      const report = await run([{ type: 'dns', hostname: 'n' }]);
      assert.equal(await peers(), `${id('2')}@127.20.0.2:26656`);
      const notes = unreachable(report);
      assert.equal(notes.length, 1);
      assert.match(notes[0]?.why ?? '', why);
      assert.ok(JSON.stringify(report.output).length < 2_000);
    });
  }

  test('a DNS server that never answers costs the budget of its source and no more', async (t) => {
    const dnsServers = [await startDnsServer(t, undefined)];
    const { run } = await setUp(t, {}, { dnsServers, sourceTimeoutMs: 100 });
    const startedAt = performance.now();
    const report = await run([
      { type: 'dns', hostname: '_p2p._tcp.test', srv: true },
      { type: 'static', addresses: [staticPeer] },
    ]);
    assert.match(JSON.stringify(report.output), /did not answer within 0\.1 s/);
    assert.ok(performance.now() - startedAt < 3_000);
  });

  test('resolves names as the system does', async (t) => {
    const home = await makeSeiHome(t);
    const rpcPort = await startHostServers(t, { '127.0.0.1': bare(id('1')) });
    const egress = createEgress({ nodeRPC: 'http://127.0.0.1:1', allowHosts: ['localhost', `127.0.0.1:${rpcPort}`] });
    t.after(() => egress.close());
    const handler = discoverPeers({
      home,
      stateFolder: join(home.root, 'state'),
      egress,
      rpc: createRpcClient(egress, systemClock),
      clock: systemClock,
    });
    const sources = [{ type: 'dns', hostname: 'localhost' }];
    const report = await runTask('discover-peers', handler, { sources, rpcPort, port: 1234 });
    assert.deepEqual(report.output?.['peers'], [`${id('1')}@127.0.0.1:1234`]);
  });

  test('asks many hosts at once', async (t) => {
    const hosts = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [
        `127.20.1.${index + 1}`,
        ((request, response) => {
          setTimeout(() => {
            bare(`${index}`.padStart(40, '0'))(request, response);
          }, 200);
        }) satisfies Respond,
      ]),
    );
    const { run } = await setUp(t, hosts, { names: { n: Object.keys(hosts) } });
    const startedAt = performance.now();
    const report = await run([{ type: 'dns', hostname: 'n' }]);
    assert.equal((report.output?.['peers'] as unknown[] | undefined)?.length, 60);
    // One after the other they would take 12 s.
    assert.ok(performance.now() - startedAt < 4_000);
  });

  test('stops at once when it is cancelled', async (t) => {
    const controller = new AbortController();
    const reason = new Error('cancelled');
    const hosts: Readonly<Record<string, Respond>> = {
      '127.20.0.1': () => {
        controller.abort(reason);
      },
    };
    const { run, home } = await setUp(t, hosts, { names: { n: ['127.20.0.1'] } });
    const before = await readConfigFile(home, 'config.toml');
    const sources = [
      { type: 'dns', hostname: 'n' },
      { type: 'static', addresses: [staticPeer] },
    ];
    await assert.rejects(run(sources, { signal: controller.signal }), reason);
    assert.equal(await readConfigFile(home, 'config.toml'), before);
  });

  test('refuses at submit what must not be reached or is no address', async (t) => {
    const { run } = await setUp(t, {});
    for (const [source, code, message] of [
      [{ type: 'static', addresses: [`${id('1')}@169.254.169.254:80`] }, 'egress-refused', /sources\.0\.addresses\.0/],
      [{ type: 'static', addresses: [`${id('1')}@[::ffff:a9fe:a9fe]:1`] }, 'egress-refused', /where no peer of a node/],
      [{ type: 'static', addresses: [`${id('1')}@metadata.google.internal:1`] }, 'egress-refused', /of its cloud/],
      [{ type: 'static', addresses: [`${id('1')}@0.0.0.0:26656`] }, 'egress-refused', /unspecified/],
      [{ type: 'static', addresses: [`${id('1')}@[fe80::1]:26656`] }, 'egress-refused', /link-local/],
      [{ type: 'static', addresses: [`tcp://${id('1')}@224.0.0.1:26656`] }, 'egress-refused', /multicast/],
      [{ type: 'static', addresses: [`${id('1')}@2001:db8::1:26656`] }, 'invalid-params', /brackets/],
      [{ type: 'static', addresses: [`${id('1')}@host:70000`] }, 'invalid-params', /65535/],
      [{ type: 'dns', hostname: 'localhost' }, 'egress-refused', /sources\.0\.hostname/],
      [
        { type: 'ec2Tags', region: 'eu-central-1', tags: { a: 'b' }, endpoint: 'http://169.254.169.254' },
        'egress-refused',
        /sources\.0\.endpoint/,
      ],
    ] as const) {
      await assert.rejects(async () => run([source]), { code, message });
    }
  });

  test('takes peers of loopback from a static source, which only the node connects to', async (t) => {
    const { run, peers } = await setUp(t, {});
    const hosts = ['127.0.0.1', '127.9.9.9', '[::1]', '[::ffff:127.0.0.1]', 'localhost', 'sentry.localhost'];
    const addresses = hosts.map((host, index) => `${id(String(index))}@${host}:26656`);
    assert.equal((await run([{ type: 'static', addresses }])).outcome, 'changed');
    assert.equal(await peers(), addresses.join(','));
  });

  test('writes each peer as CometBFT knows it, in whatever form params and file have it', async (t) => {
    const { run, home, peers } = await setUp(t, { '127.20.0.1': bare(id('1')) }, { names: { n: ['127.20.0.1'] } });
    const byHand = [`${id('B')}@10.0.0.2:26656`, `tcp://${id('c')}@sentry:26656`, `mconn://${id('D')}@[2001:db8::1]:1`];
    await rewrite(home, 'config.toml', 'persistent-peers = ""', `persistent-peers = "${byHand.join(', ')}"`);
    const sources = [
      { type: 'dns', hostname: 'n' },
      { type: 'static', addresses: [`tcp://${id('E')}@10.0.0.5:26656`, `mconn://${id('f')}@host:26656`] },
    ];
    const report = await run(sources);
    const found = [`${id('1')}@127.20.0.1:26656`, `${id('e')}@10.0.0.5:26656`, `${id('f')}@host:26656`];
    const kept = [`${id('b')}@10.0.0.2:26656`, `${id('c')}@sentry:26656`, `${id('d')}@[2001:db8::1]:1`];
    assert.deepEqual([report.output?.['peers'], report.output?.['kept']], [found, kept]);
    assert.equal(await peers(), [...found, ...kept].join(','));
    assert.equal((await run(sources)).outcome, 'unchanged');

    // The same node in upper case is one node, and this node itself is none of its peers.
    await rewrite(home, 'config.toml', kept.join(','), `${id('E')}@old:1,${id('B')}@10.0.0.2:26656`);
    await run(sources);
    assert.equal(await peers(), [...found, kept[0]].join(','));
  });

  test('a home without config.toml is told to make one', async (t) => {
    const home = await makeTempHome(t);
    const egress = createEgress({ nodeRPC: 'http://127.0.0.1:1' });
    t.after(() => egress.close());
    const handler = discoverPeers({
      home,
      stateFolder: join(home.root, 'state'),
      egress,
      rpc: createRpcClient(egress, systemClock),
      clock: systemClock,
    });
    await assert.rejects(
      runTask('discover-peers', handler, { sources: [{ type: 'static', addresses: [staticPeer] }] }),
      { code: 'file-missing', message: /config\.toml does not exist/ },
    );
  });
});
