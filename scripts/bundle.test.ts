import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { startOtlpReceiver, startS3 } from '@nodetask/testbed';
import { listedHeights, writeStore } from '../agent/test/support/metadata-store.ts';
import { bundle } from './bundle.ts';
import { type BundledAgent, startBundledAgent } from './bundled-agent.ts';

/** The bundles as an image has them: in a folder where no package can be found. */

const folder = mkdtempSync(join(tmpdir(), 'nodetask-bundle-'));
const mainOf = (program: string): string => join(folder, program, 'main.js');
const children: ChildProcess[] = [];

before(async () => {
  await bundle('agent', join(folder, 'agent'));
  await bundle('operator', join(folder, 'operator'));
});
after(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true });
});

const makeHome = (name: string): string => {
  const home = join(folder, name);
  mkdirSync(join(home, 'config'), { recursive: true });
  writeFileSync(join(home, 'config', 'config.toml'), 'moniker = "old" # kept\n');
  writeFileSync(join(home, 'config', 'genesis.json'), '{"chain_id":"test-1"}');
  return home;
};

/** Large enough to be edited in a thread. */
const largeGenesis = (chainId: string): string => `{"chain_id":"${chainId}","x":"${'x'.repeat(4_000_000)}"}`;

const startAgent = async (home: string, env: Readonly<Record<string, string>> = {}): Promise<BundledAgent> => {
  const agent = await startBundledAgent(mainOf('agent'), home, env);
  children.push(agent.child);
  return agent;
};

test('the bundle of the agent answers, runs a task, and stops on SIGTERM', { timeout: 60_000 }, async () => {
  const home = makeHome('home');
  const agent = await startAgent(home);
  assert.equal((await fetch(`${agent.url}/livez`)).status, 200);

  const result = await agent.run('config-patch', { files: { 'config.toml': { moniker: 'new' } } });
  assert.equal(result.status, 'completed', JSON.stringify(result));
  assert.equal(readFileSync(join(home, 'config', 'config.toml'), 'utf8'), 'moniker = "new" # kept\n');
  const openAPI = await fetch(`${agent.url}/openapi.json`);
  assert.equal(openAPI.headers.get('Content-Type'), 'application/json; charset=utf-8');
  assert.match(await openAPI.text(), /"operationId": "submitTask"/);
  assert.match(await (await fetch(`${agent.url}/metrics`)).text(), /^nodetask_agent_tasks_submitted_total.* 1$/m);

  const { code, stderr } = await agent.stop();
  assert.equal(code, 0, stderr);
});

test('the bundle of the agent sends traces where it is asked to', { timeout: 60_000 }, async () => {
  await using receiver = await startOtlpReceiver();
  const agent = await startAgent(makeHome('traced'), { NODETASK_TRACING_ENDPOINT: receiver.url });
  await agent.run('config-patch', { files: { 'config.toml': { moniker: 'new' } } });
  const { code, stderr } = await agent.stop();
  assert.equal(code, 0, stderr);
  const names = receiver.spans.map(({ service, name }) => `${service}: ${name}`);
  assert.deepEqual(names, ['nodetask-agent: edit', 'nodetask-agent: run config-patch']);
  assert.deepEqual(receiver.faults, []);
});

test(
  'the bundle of the agent finds the programs of its threads, and reads the metadata.db of a node in a process of its own',
  { timeout: 60_000 },
  async () => {
    await using s3 = await startS3({ buckets: ['snapshots'] });
    const env = { ...s3.environment, NODETASK_ALLOW_HOST: '127.0.0.1' };
    const params = { bucket: 'snapshots', region: s3.region, endpoint: s3.endpoint, prefix: 'test/' };
    const source = makeHome('source');
    for (const height of ['7', '8']) {
      mkdirSync(join(source, 'data', 'snapshots', height, '1'), { recursive: true });
      writeFileSync(join(source, 'data', 'snapshots', height, '1', '0'), `chunk of ${height}`);
    }
    await writeStore(join(source, 'data', 'snapshots'), [{ height: 7, chunks: 1 }]);
    const uploader = await startAgent(source, env);
    const uploaded = await uploader.run('snapshot-upload', params);
    assert.equal(uploaded.status, 'completed', JSON.stringify(uploaded));

    const target = makeHome('target');
    const restorer = await startAgent(target, env);
    const restored = await restorer.run('snapshot-restore', { ...params, chainId: 'test-1' });
    assert.equal(restored.status, 'completed', JSON.stringify(restored));
    assert.equal(readFileSync(join(target, 'data', 'snapshots', '7', '1', '0'), 'utf8'), 'chunk of 7');
    assert.deepEqual(await listedHeights(join(target, 'data', 'snapshots')), [7]);

    writeFileSync(join(target, 'config', 'genesis.json'), largeGenesis('test-1'));
    const patched = await restorer.run('config-patch', { files: { 'genesis.json': { chain_id: 'test-2' } } });
    assert.equal(patched.status, 'completed', JSON.stringify(patched));
    assert.equal(readFileSync(join(target, 'config', 'genesis.json'), 'utf8'), largeGenesis('test-2'));
  },
);

test('the bundle of the operator reads a kubeconfig with client-node', { timeout: 60_000 }, async () => {
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, 'apiVersion: v1\nkind: Config\nclusters: []\n');
  const operator = spawn(process.execPath, [mainOf('operator'), '--kubeconfig', kubeconfig], {
    env: {},
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(operator);
  const ended = once(operator, 'close');
  const output = await text(operator.stdout);
  assert.deepEqual(await ended, [1, null]);
  assert.match(output, /the current context .* names no cluster/);
});

test('a bundle holds the licences of its packages', () => {
  const licences = readFileSync(join(folder, 'agent', 'LICENCES.txt'), 'utf8');
  assert.match(licences, /^express [\d.]+: MIT\n\n\(The MIT License\)/m);
  assert.match(licences, /^@aws-sdk\/client-ec2 [\d.]+: Apache-2\.0$/m);
  assert.match(licences, /^leveldb 1\.20: BSD-3-Clause\n\nCopyright \(c\) 2011 The LevelDB Authors/m);
});

test('no bundle holds a character that makes V8 take two bytes for each', () => {
  const files = globSync('*/*.js', { cwd: folder });
  assert.ok(files.length > 4);
  for (const file of files) {
    const found = /.{0,40}[\u0100-\uffff].{0,40}/.exec(readFileSync(join(folder, file), 'utf8'));
    assert.equal(found?.[0], undefined, file);
  }
});

test('no bundle holds the parts of zod that nobody uses', () => {
  for (const file of globSync('*/*.js', { cwd: folder })) {
    const unused = readFileSync(join(folder, file), 'utf8').includes('ZodCompileUnsupportedError');
    assert.ok(!unused, `${file}: some source imports { z } from 'zod', and with that all of it; import * as z`);
  }
});

test('no part of a bundle that is loaded later is CommonJS, whose exports have no names then', () => {
  for (const file of globSync('*/*.js', { cwd: folder })) {
    assert.doesNotMatch(readFileSync(join(folder, file), 'utf8'), /export default require_/, file);
  }
});
