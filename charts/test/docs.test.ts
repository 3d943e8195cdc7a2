import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  type Cluster,
  commandWords,
  type ConsoleCommand,
  consoleCommands,
  markdownBlocks,
  startCluster,
  waitFor,
  watchWithKubectl,
} from '@nodetask/testbed';
import { releaseNamespace } from './support/chart.ts';
import { LoopbackService } from './support/loopback-service.ts';
import { OperatorPods } from './support/operator-pods.ts';
import { runCommandLine } from './support/run-command-line.ts';

/**
 * What docs/install.md and docs/upgrade.md tell people to type is typed here, with mutual TLS and injection on: the operator runs in the pods of its Deployment,
 * the API server asks it about the pod, and the agent that it adds gets its certificate from it. (Pods of a real kubelet: npm run e2e.)
 */
let cluster: Cluster;
let service: LoopbackService;
let pods: OperatorPods;

before(async () => {
  service = await LoopbackService.listen();
  cluster = await startCluster({
    namespace: 'elsewhere',
    install: false,
    tls: true,
    operatorUrl: service.url,
    agentSettings: () => ({ home: join(cluster.controlPlane.folder, 'home') }),
  });
  const { controlPlane, agentTokenFile } = cluster;
  await mkdir(join(controlPlane.folder, 'home', 'config'), { recursive: true });
  await writeFile(join(controlPlane.folder, 'home', 'config', 'config.toml'), '[p2p]\nmax_num_inbound_peers = 40\n');
  pods = new OperatorPods({ controlPlane, namespace: releaseNamespace, agentTokenFile, service });
});

after(async () => {
  await pods[Symbol.asyncDispose]();
  await cluster.stop();
  await service[Symbol.asyncDispose]();
});

/** A part of a page, from its heading to the next of the same level. */
const section = async (page: string, heading: string): Promise<string> => {
  const text = await readFile(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
  const found = text.split(/^## /m).find((part) => part.startsWith(heading));
  assert.ok(found, `docs/${page} has no "## ${heading}"`);
  return found;
};

const commandsOf = (text: string): readonly ConsoleCommand[] =>
  markdownBlocks(text).flatMap((block) => (block.language === 'console' ? consoleCommands(block.text) : []));

/** Ages differ, and columns are as wide as what is in them. */
const shape = (text: string): string =>
  text
    .replaceAll(/\b\d+m?s\b/g, '5s')
    .replaceAll(/ +/g, ' ')
    .trim();

/** A command that goes on until Ctrl-C: it has printed the heads of the columns and a row. */
const watch = async (command: string): Promise<void> => {
  const lines: string[] = [];
  await using _ = await watchWithKubectl(cluster.controlPlane, commandWords(command).slice(1), (line) => {
    lines.push(line);
  });
  await waitFor(() => lines.length > 1, { what: command, timeoutMs: 30_000, detail: () => lines.join('\n') });
  assert.match(lines[0] ?? '', /^NAME .* MESSAGE$/);
};

/** Runs a command; its file, where it names one, is the manifest of the section. */
const type = async (text: string, { command, prints }: ConsoleCommand): Promise<void> => {
  const file = / -f (\S+\.yaml)/.exec(command)?.[1];
  const manifest = markdownBlocks(text).find(({ language }) => language === 'yaml');
  if (file !== undefined) await writeFile(join(cluster.controlPlane.folder, file), manifest?.text ?? '');
  if (/ --watch\b/.test(command)) {
    await watch(command);
    return;
  }
  const { code, stdout, stderr } = await runCommandLine(cluster.controlPlane, command);
  assert.equal(code, 0, `${command}: ${stderr}`);
  if (prints !== '') assert.equal(shape(stdout), shape(prints), command);
};

const webhookPath = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/nodetask';

/** No network plugin takes the API server to the Service: it is told where that is, for as long as `work` goes on. */
const withWebhookReached = async (work: () => Promise<void>): Promise<void> => {
  const patch = async (...body: readonly object[]): Promise<void> => {
    await cluster.admin.request({
      method: 'PATCH',
      path: webhookPath,
      contentType: 'application/json-patch+json',
      body,
    });
  };
  const at = '/webhooks/0/clientConfig';
  const object = await cluster.admin.get<{
    readonly webhooks: readonly { readonly clientConfig: { readonly service: object } }[];
  }>(webhookPath);
  const path = '/mutate-pods';
  await patch(
    { op: 'remove', path: `${at}/service` },
    { op: 'add', path: `${at}/url`, value: `${service.url}${path}` },
  );
  try {
    await work();
  } finally {
    const value = object?.webhooks[0]?.clientConfig.service;
    await patch({ op: 'remove', path: `${at}/url` }, { op: 'add', path: `${at}/service`, value });
  }
};

describe('docs/install.md', () => {
  test('1. The operator', { timeout: 300_000 }, async () => {
    const text = await section('install.md', '1. ');
    for (const command of commandsOf(text)) await type(text, command);
  });

  test('2. An agent beside your node', { timeout: 120_000 }, async () => {
    const text = await section('install.md', '2. ');
    const [apply, wait, ...more] = commandsOf(text);
    assert.ok(apply !== undefined && wait !== undefined && more.length === 0);
    await withWebhookReached(async () => {
      await type(text, apply);
      await cluster.untilAgentLives('sei-rpc-0', 'sei');
    });
    // Whether a pod of this testbed is Ready, its agent says, and not its containers.
    assert.match(wait.command, /^kubectl wait --namespace sei --for=condition=Ready pod\/sei-rpc-0 /);
    const pod = await cluster.admin.get<{
      readonly spec: { readonly initContainers?: readonly { readonly name: string }[] };
    }>('/api/v1/namespaces/sei/pods/sei-rpc-0');
    assert.deepEqual(
      pod?.spec.initContainers?.map(({ name }) => name),
      ['nodetask-agent'],
    );
  });

  test('3. A first task', { timeout: 120_000 }, async () => {
    const text = await section('install.md', '3. ');
    for (const command of commandsOf(text)) await type(text, command);
    const config = await readFile(join(cluster.controlPlane.folder, 'home', 'config', 'config.toml'), 'utf8');
    assert.match(config, /max_num_inbound_peers = 80/);
  });

  test('the right to report, given by hand', async () => {
    const { controlPlane } = cluster;
    const text = await section('install.md', 'Settings');
    const [, command = ''] = /`(kubectl create rolebinding [^`]+)`/.exec(text) ?? [];
    await controlPlane.createNamespace('osmosis');
    const mayReport = async (): Promise<string> => {
      const account = '--as=system:serviceaccount:osmosis:default';
      const args = ['auth', 'can-i', 'patch', 'nodetasks', '--subresource=status', '--namespace=osmosis', account];
      return (await controlPlane.kubectl(args)).stdout.trim();
    };
    assert.equal(await mayReport(), 'no');
    await type(text, { command: command.replaceAll(/\bsei\b/g, 'osmosis'), prints: '' });
    await waitFor(async () => (await mayReport()) === 'yes', { what: 'the right to report', timeoutMs: 10_000 });
  });
});

describe('docs/upgrade.md', () => {
  for (const heading of ['Upgrade', 'Roll back']) {
    test(heading, { timeout: 300_000 }, async () => {
      const text = await section('upgrade.md', heading === 'Upgrade' ? 'Upgrade\n' : heading);
      const commands = commandsOf(text);
      assert.ok(commands.length > 0);
      for (const command of commands) await type(text, command);
    });
  }

  test('Uninstall', { timeout: 300_000 }, async () => {
    const text = await section('upgrade.md', 'Uninstall');
    const [uninstall, ...removeAll] = commandsOf(text);
    assert.ok(uninstall !== undefined && removeAll.length > 0);
    await type(text, uninstall);
    const install = commandsOf(await section('install.md', '1. ')).filter(({ command }) => command.startsWith('helm '));
    for (const command of install) await type(text, command);
    for (const command of removeAll) await type(text, command);
    await waitFor(async () => (await cluster.admin.get('/apis/nodetask.dev/v1alpha1')) === undefined, {
      what: 'NodeTasks to be unknown',
      timeoutMs: 30_000,
    });
  });
});
