import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import { helm } from '../src/helm.ts';
import { waitForObject } from '../src/kube/wait-for-object.ts';
import { projectPath } from '../src/paths.ts';
import { whyNoVolume } from '../src/process/small-volume.ts';
import { waitFor } from '../src/wait.ts';
import { toldByCommand, toldByWebhook } from './support/graded-commands.ts';
import { chainId, namespace, startWorld, type World } from './support/graded-world.ts';
import { toldByStatus } from './support/graded-mistakes.ts';
import { toldBy, type Told, withPlaceholders } from './support/told.ts';

/** Mistakes that people make, on a real API server with the operator, real agents and what the chart renders; and what each is told within a minute. */
let world: World;
/** What each row has been told by now, by the name of its NodeTask; all are watched at the same time. */
const told = new Map<string, Promise<Told>>();

const budgetMs = 60_000;
const noVolume = whyNoVolume() ?? false;
const rows = toldByStatus.filter(({ needs }) => needs === undefined || noVolume === false);

const nodeTask = (name: string, spec: object, elsewhere = namespace): object => ({
  apiVersion: 'nodetask.dev/v1alpha1',
  kind: 'NodeTask',
  metadata: { name, namespace: elsewhere },
  spec,
});
const ready = (podName: string): object => ({ type: 'mark-ready', target: { podName } });

/** What kubectl says to stderr. */
const kubectl = async (args: readonly string[], input?: object): Promise<string> => {
  const options = input === undefined ? {} : { input: JSON.stringify(input) };
  return withPlaceholders((await world.cluster.controlPlane.kubectl(args, options)).stderr.trim());
};
const apply = async (object: object): Promise<string> => kubectl(['apply', '-f', '-'], object);

const untilPhase = async (name: string, phase: string): Promise<void> => {
  await world.cluster.untilNodeTask<NodeTask>(name, (found) => found?.status?.phase === phase, {
    what: `${name} to be ${phase}`,
    timeoutMs: budgetMs,
  });
};

before(async () => {
  world = await startWorld();
  const items = rows.map(({ name, spec, namespace: elsewhere }) => nodeTask(name, spec(world), elsewhere));
  await apply({ apiVersion: 'v1', kind: 'List', items });
  for (const row of rows) {
    const promise = toldBy(world, row, budgetMs);
    // Its test says so.
    promise.catch(() => undefined);
    told.set(row.name, promise);
  }
});

after(async () => {
  await world[Symbol.asyncDispose]();
});

describe('within a minute, the line of kubectl get and the message of Ready tell cause and remedy', () => {
  for (const row of toldByStatus) {
    const { number, mistake, line, reason, says, needs } = row;
    test(`${number}: ${mistake}`, { skip: needs === undefined ? false : noVolume }, async () => {
      assert.deepEqual(await told.get(row.name), { line, reason, says });
    });
  }
});

describe('kubectl apply itself tells', () => {
  for (const { number, mistake, object, says } of toldByCommand) {
    test(`${number}: ${mistake}`, async () => {
      assert.equal(await apply(object), says);
    });
  }
});

/** Installs what must be refused; what helm says. */
const install = async (values: string): Promise<string> => {
  const { code, stderr } = await helm(world.cluster.controlPlane, [
    'install',
    'second',
    projectPath('charts', 'nodetask'),
    '--namespace=osmosis',
    '--set',
    `crds.install=false,admissionPolicy.enabled=false,injection.enabled=false,${values}`,
  ]);
  assert.notEqual(code, 0);
  const { stdout } = await helm(world.cluster.controlPlane, ['list', '--all', '--short', '--all-namespaces']);
  assert.equal(stdout, '', 'nothing is half installed');
  return stderr.trim();
};

/** What Helm says of values that do not fit. */
const notSchema = (line: string): string =>
  `Error: INSTALLATION FAILED: values don't meet the specifications of the schema(s) in the following chart(s):\nnodetask:\n${line}`;

describe('helm tells, before it has changed anything', () => {
  test('28: a namespace of agentNamespaces is misspelt', async () => {
    assert.equal(
      await install('agentNamespaces={sie}'),
      'Error: INSTALLATION FAILED: execution error at (nodetask/templates/deployment.yaml:1:4): agentNamespaces names sie, and there is no such namespace. Correct it, or run: kubectl create namespace sie',
    );
  });

  test('29: a value is misspelt', async () => {
    assert.equal(
      await install('agentNamespace={sei}'),
      notSchema("- at '': additional properties 'agentNamespace' not allowed"),
    );
  });

  test('29: a value is of the wrong kind', async () => {
    assert.equal(
      await install('operator.replicas=two'),
      notSchema("- at '/operator/replicas': got string, want integer"),
    );
  });
});

describe('the webhook tells', () => {
  before(async () => world.installWebhook());

  for (const { number, mistake, object, says } of toldByWebhook) {
    test(`${number}: ${mistake}`, async () => {
      assert.equal(await apply(object), says);
    });
  }
});

describe('it comes right by itself', () => {
  test('31: the Secret of the CA is deleted', async () => {
    const path = '/api/v1/namespaces/nodetask-system/secrets/nodetask-ca';
    const { uid } = (await world.cluster.admin.get(path))?.metadata ?? {};
    await world.cluster.admin.delete(path);
    await waitForObject(world.cluster.admin, path, (found) => found !== undefined && found.metadata.uid !== uid, {
      what: 'the operator to make another CA',
      timeoutMs: budgetMs,
    });
    await apply(nodeTask('after-the-ca', ready('sei-rpc-0')));
    await untilPhase('after-the-ca', 'Succeeded');
  });

  test('32: a NodeTask is deleted while it runs', async () => {
    const params = { rpc: world.silentRPC };
    await apply(nodeTask('deleted', { type: 'configure-genesis', target: { podName: 'fleet-0' }, params }));
    await untilPhase('deleted', 'Running');
    await kubectl(['delete', 'nodetask', 'deleted', '-n', namespace]);
    const events = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
    let notes: readonly string[] = [];
    await waitFor(
      async () => {
        const list = await world.cluster.admin.get<{ items: { note: string; regarding: { name: string } }[] }>(events);
        notes = (list?.items ?? []).filter(({ regarding }) => regarding.name === 'deleted').map(({ note }) => note);
        return notes.includes('Stopped on fleet-0, because the NodeTask is being deleted.');
      },
      { what: 'the event of the end', timeoutMs: budgetMs, detail: () => notes.join(' ') },
    );
  });

  test('37: a chain that has failed is run again by one commit, whose documents come in the wrong order', async () => {
    const genesis = { rpc: world.chain.validator.rpcUrl, chainId };
    const first = { type: 'configure-genesis', target: { podName: 'nocreds-0' }, params: genesis };
    const items = [
      nodeTask('chain-2', { ...ready('nocreds-0'), dependsOn: ['chain-1'], runID: '2' }),
      nodeTask('chain-1', { ...first, runID: '2' }),
    ];
    assert.equal(await apply({ apiVersion: 'v1', kind: 'List', items }), '');
    await untilPhase('chain-2', 'Succeeded');
    await untilPhase('chain-1', 'Succeeded');
  });
});

// Last, since every NodeTask goes with it.
test('27: the CRD is not installed', async () => {
  const { cluster } = world;
  await kubectl(['delete', 'crd', 'nodetasks.nodetask.dev', '--wait=false']);
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/nodetasks.nodetask.dev';
  await waitForObject(cluster.admin, path, (found) => found === undefined, {
    what: 'the CRD to go',
    timeoutMs: budgetMs,
  });
  // That of somebody who comes new: the other remembers what there was.
  const fresh = `--cache-dir=${join(cluster.controlPlane.folder, 'fresh-cache')}`;
  assert.equal(
    await kubectl(['apply', fresh, '-f', '-'], nodeTask('too-early', ready('sei-rpc-0'))),
    'error: resource mapping not found for name: "too-early" namespace: "sei" from "STDIN": no matches for kind "NodeTask" in version "nodetask.dev/v1alpha1"\nensure CRDs are installed first',
  );
  const lines = async (): Promise<readonly string[]> => {
    const log = await readFile(cluster.operator.logFile, 'utf8');
    return log.split('\n').filter((line) => line.includes('is not installed'));
  };
  await waitFor(async () => (await lines()).length > 0, { what: 'the operator to say so', timeoutMs: budgetMs });
  const { message } = JSON.parse((await lines())[0] ?? '') as { message?: string };
  assert.equal(
    message,
    'the CRD nodetasks.nodetask.dev is not installed: install it with "kubectl apply -k crds", or by crds.install=true of the chart; the operator goes on by itself then',
  );
});
