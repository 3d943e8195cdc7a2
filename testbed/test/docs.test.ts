import assert from 'node:assert/strict';
import { copyFile, glob, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { exampleNamespace, examplePod, runStep } from '../demo/run-step.ts';
import { furtherExamples, onAChainWithSnapshots, onAnEmptyHome, scenario } from '../demo/scenario.ts';
import type { Step } from '../demo/step.ts';
import { startChain } from '../src/chain.ts';
import type { Chain } from '../src/chain.ts';
import { startCluster } from '../src/cluster.ts';
import type { Cluster } from '../src/cluster.ts';
import { consoleCommands } from '../src/markdown.ts';
import { projectPath } from '../src/paths.ts';
import { blocks, withoutTimes } from './support/markdown.ts';
import { exportDaemon, genesisFromS3, nightlyUpload, pageExamples } from './support/page-examples.ts';

/** What README, docs and examples tell people to do is done here, on a real cluster with a real node. */
let cluster: Cluster;
let chain: Chain;

before(async () => {
  cluster = await startCluster({ namespace: exampleNamespace });
  chain = await startChain();
  const { home, configFile, rpcUrl } = chain.validator;
  await cluster.createAgentPod(examplePod, { home, nodeRPC: rpcUrl, labels: { app: 'sei-rpc' } });
  const second = await cluster.createAgentPod('sei-rpc-1', { labels: { app: 'sei-rpc' } });
  await copyFile(configFile, join(second.home, 'config', 'config.toml'));
  await copyFile(chain.validator.genesisFile, join(second.home, 'config', 'genesis.json'));
});

after(async () => {
  await chain[Symbol.asyncDispose]();
  await cluster.stop();
});

test(
  'the manifest and the commands at the head of the README work as it shows them',
  { timeout: 120_000 },
  async () => {
    const readme = await readFile(projectPath('README.md'), 'utf8');
    const [manifest = ''] = blocks(readme, 'yaml');
    const console = blocks(readme, 'console').find((block) => block.startsWith('$ kubectl')) ?? '';
    const commands = consoleCommands(console);
    const applies = commands.find(({ command }) => command.startsWith('kubectl apply -f '));
    const file = applies?.command.split(' ').at(-1) ?? '';
    assert.match(file, /^[\w-]+\.yaml$/, 'the README applies a file');
    await writeFile(join(cluster.controlPlane.folder, file), manifest);
    for (const { command, prints } of commands) {
      const [program, ...args] = command.split(' ');
      assert.equal(program, 'kubectl');
      const { stdout, stderr, code } = await cluster.controlPlane.kubectl(args);
      assert.equal(code, 0, `${command}: ${stderr}`);
      assert.equal(withoutTimes(stdout), withoutTimes(prints), command);
    }
  },
);

const run = async (t: TestContext, step: Step): Promise<void> => {
  const { says, fault } = await runStep(cluster, chain, step, (line) => {
    t.diagnostic(line);
  });
  assert.equal(fault, undefined);
  t.diagnostic(says);
};

describe('every example that needs no object store comes out as it says', () => {
  for (const step of [...scenario, ...furtherExamples]) {
    test(`examples/${step.example}.yaml: ${step.shows}`, { timeout: step.timeoutMs + 30_000 }, async (t) => {
      await run(t, step);
    });
  }
  test(`examples/${onAnEmptyHome.example}.yaml: ${onAnEmptyHome.shows}`, { timeout: 90_000 }, async (t) => {
    await cluster.deletePod(examplePod);
    await cluster.createAgentPod(examplePod);
    await run(t, onAnEmptyHome);
  });
});

test('each example is run by a test', async () => {
  const here = [...scenario, ...furtherExamples, onAnEmptyHome];
  // By state-sync-example.test.ts and task-pages.test.ts.
  const elsewhere = [onAChainWithSnapshots, genesisFromS3, exportDaemon, nightlyUpload, ...Object.values(pageExamples)];
  const covered = new Set([
    ...[...here, ...elsewhere].map(({ example }) => `${example}.yaml`),
    // No task; by operator/test/injection.test.ts.
    'pod-with-agent.yaml',
  ]);
  const others: string[] = [];
  for await (const file of glob('*.yaml', { cwd: projectPath('examples') })) if (!covered.has(file)) others.push(file);
  assert.deepEqual(others, []);
});

test('each npm command in README and docs exists', async () => {
  const { scripts } = JSON.parse(await readFile(projectPath('package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const named: string[] = [];
  for await (const file of glob('{*,{shared,runtime,agent,operator,testbed,bench,docs}/**/*}.md', {
    cwd: projectPath(),
    exclude: (name) => name === 'node_modules' || name === 'dist',
  })) {
    const text = await readFile(projectPath(file), 'utf8');
    for (const [, name = ''] of text.matchAll(/\bnpm (?:run )?(?!install|ci\b|run\b|sbom\b)([a-z][\w:-]*)/g)) {
      if (!/^(?:workspaces?|and|is|names?|packages?)$/.test(name)) named.push(`${file}: ${name}`);
    }
  }
  assert.ok(named.length >= 6, named.join());
  assert.deepEqual(
    named.filter((use) => scripts[use.split(': ')[1] ?? ''] === undefined),
    [],
  );
});
