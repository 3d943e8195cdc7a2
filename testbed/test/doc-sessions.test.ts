import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import { exampleNamespace as namespace } from '../demo/run-step.ts';
import type { AgentSettings } from '../src/agent-process.ts';
import { startChain } from '../src/chain.ts';
import type { Chain } from '../src/chain.ts';
import { startCluster } from '../src/cluster.ts';
import type { Cluster } from '../src/cluster.ts';
import { startFaultProxy, targetOf } from '../src/fault-proxy.ts';
import type { FaultProxy } from '../src/fault-proxy.ts';
import { projectPath } from '../src/paths.ts';
import { sectionOf } from './support/markdown.ts';
import { runSessions } from './support/run-sessions.ts';
import type { SessionOptions } from './support/run-sessions.ts';

/** What the pages show at a shell is done here: on a real API server, with the pods of a real StatefulSet, real agents and a real node. */
const chainId = 'pacific-1';

let cluster: Cluster;
let chain: Chain;
/** A node that takes connections and never answers. */
let silent: FaultProxy;
let folder: string;
/** Homes by `namespace/pod`: what is on their volumes. */
const homes = new Map<string, string>();
const substitutions: (readonly [string, string])[] = [];

const freshHome = async (): Promise<string> => {
  const home = await mkdtemp(join(folder, 'home-'));
  await mkdir(join(home, 'config'));
  await copyFile(chain.validator.configFile, join(home, 'config', 'config.toml'));
  await copyFile(chain.validator.genesisFile, join(home, 'config', 'genesis.json'));
  return home;
};

const statefulSet = (inNamespace: string) => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'sei-rpc', namespace: inNamespace },
  spec: {
    replicas: inNamespace === namespace ? 2 : 1,
    serviceName: 'sei-rpc',
    podManagementPolicy: 'Parallel',
    selector: { matchLabels: { app: 'sei-rpc' } },
    template: {
      metadata: { labels: { app: 'sei-rpc', 'nodetask.dev/agent': 'enabled' } },
      spec: {
        nodeName: 'node-1',
        serviceAccountName: 'nodetask-agent',
        terminationGracePeriodSeconds: 5,
        containers: [{ name: 'node', image: 'testbed/node', volumeMounts: [{ name: 'data', mountPath: '/sei' }] }],
      },
    },
    volumeClaimTemplates: [
      {
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    ],
  },
});

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doc-sessions-'));
  chain = await startChain({ chainId });
  const { home, rpcUrl: nodeRPC } = chain.validator;
  silent = await startFaultProxy({ target: targetOf(nodeRPC), mode: { kind: 'stall' } });
  homes.set(`${namespace}/sei-rpc-0`, home);
  homes.set(`${namespace}/sei-rpc-1`, await freshHome());
  cluster = await startCluster({
    namespace,
    agentSettings: (pod): AgentSettings => ({
      home: homes.get(`${pod.namespace}/${pod.name}`) ?? assert.fail(`no volume for ${pod.name}`),
      nodeRPC,
      allowHosts: [new URL(silent.url('http')).host],
    }),
  });
  substitutions.push(
    ['http://127.0.0.1:26657', nodeRPC],
    ['http://sentry-0.sei.svc.cluster.local:26657', silent.url('http')],
  );
  await cluster.addAgentNamespace('sei-eu');
  await cluster.admin.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } });
  await cluster.admin.apply(statefulSet(namespace));
  for (const pod of ['sei-rpc-0', 'sei-rpc-1']) await cluster.untilAgentLives(pod);
});

after(async () => {
  await cluster.stop();
  await silent.close();
  await chain[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const nodeTasks = `/apis/nodetask.dev/v1alpha1/namespaces/${namespace}/nodetasks`;

beforeEach(async () => {
  const { code, stderr } = await cluster.controlPlane.kubectl(['delete', 'nodetasks', '--all', '-n', namespace]);
  assert.equal(code, 0, stderr);
});

const page = async (name: string): Promise<string> => readFile(projectPath('docs', `${name}.md`), 'utf8');

for (const name of ['concepts', 'troubleshooting']) {
  test(`docs/${name}.md`, { timeout: 180_000 }, async (t) => {
    await runSessions(t, cluster, await page(name), { substitutions });
  });
}

const ready = (podName: string) => ({ type: 'mark-ready', target: { podName } });

const run = (title: string, options: () => Promise<SessionOptions> | SessionOptions = () => ({})): void => {
  test(title, { timeout: 180_000 }, async (t) => {
    await runSessions(t, cluster, sectionOf(await page('runbooks'), title), { substitutions, ...(await options()) });
  });
};

describe('docs/runbooks.md', () => {
  run('Cancel a stuck task');
  run('Run a failed task again');

  run("Replace a pod's volume", async () => {
    await cluster.applyNodeTask('sei-rpc-1-ready', ready('sei-rpc-1'));
    await cluster.untilPodReady('sei-rpc-1');
    return {
      before: {
        'kubectl delete pod sei-rpc-1': async () => {
          homes.set(`${namespace}/sei-rpc-1`, await freshHome());
          // What the controller does that protects the claims of pods, which the testbed has not.
          const claim = `/api/v1/namespaces/${namespace}/persistentvolumeclaims/data-sei-rpc-1`;
          await cluster.admin.request({
            method: 'PATCH',
            path: claim,
            body: { metadata: { finalizers: null } },
            contentType: 'application/merge-patch+json',
          });
        },
        'kubectl patch nodetask sei-rpc-1-ready': async () => cluster.untilPodReady('sei-rpc-1', false),
      },
    };
  });

  run('Drain a node', async () => {
    const rpc = silent.url('http');
    await cluster.applyNodeTask('genesis', {
      type: 'configure-genesis',
      target: { podName: 'sei-rpc-1' },
      params: { rpc },
    });
    await cluster.untilNodeTask<NodeTask>('genesis', (task) => task?.status?.phase === 'Running', {
      what: 'the task to run',
    });
    return {
      before: {
        'kubectl wait nodetask/genesis': async () => {
          await cluster.untilAgentLives('sei-rpc-1');
          await silent.setMode({ kind: 'pass' });
        },
      },
    };
  });

  run('Take over after losing the operator', async () => {
    await cluster.operator.kill();
    await cluster.applyNodeTask('check', { type: 'config-validate', target: { podName: 'sei-rpc-1' } });
    const seen = await cluster.admin.get<{ readonly status?: { readonly observedGeneration?: number } }>(
      `${nodeTasks}/check`,
    );
    assert.equal(seen?.status?.observedGeneration, -1);
    await cluster.admin.delete(`/apis/coordination.k8s.io/v1/namespaces/nodetask-system/leases/nodetask-operator`);
    return { before: { 'kubectl wait nodetask/check': async () => cluster.startOperator() } };
  });

  run('Move a node to another namespace', async () => {
    await cluster.applyNodeTask('check-nightly', {
      type: 'config-validate',
      target: { podName: 'sei-rpc-0' },
      async: { schedule: { cron: '0 3 * * *' } },
    });
    await cluster.untilNodeTask<NodeTask>('check-nightly', (task) => task?.status?.phase === 'Scheduled', {
      what: 'the schedule to be in place',
    });
    await cluster.applyNodeTask('ready', ready('sei-rpc-0'));
    await cluster.untilPodReady('sei-rpc-0');
    homes.set('sei-eu/sei-rpc-0', homes.get(`${namespace}/sei-rpc-0`) ?? assert.fail());
    const task = {
      apiVersion: 'nodetask.dev/v1alpha1',
      kind: 'NodeTask',
      metadata: { name: 'moved-ready', namespace: 'sei-eu' },
      spec: ready('sei-rpc-0'),
    };
    return {
      files: { 'sei-rpc-eu.yaml': JSON.stringify(statefulSet('sei-eu')), 'moved-ready.yaml': JSON.stringify(task) },
      before: { 'kubectl apply -f moved-ready.yaml': async () => cluster.untilPodReady('sei-rpc-0', false, 'sei-eu') },
    };
  });
});
