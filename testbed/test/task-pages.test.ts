import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { type NodeTask, outcomeReasons, type TaskType } from '@nodetask/shared';
import { parse } from 'yaml';
import { layOutSnapshots } from '../src/chain/app-snapshots.ts';
import { applyStep, outcomeOf } from '../demo/apply-step.ts';
import type { Applied, Substitutions } from '../demo/apply-step.ts';
import { is } from '../demo/outcome.ts';
import { exampleNamespace } from '../demo/run-step.ts';
import { result } from '../demo/step.ts';
import type { Step } from '../demo/step.ts';
import { sendTransactions } from '../src/chain/transactions.ts';
import { awsEnvironment } from '../src/aws-credentials.ts';
import type { AwsCredentials } from '../src/aws-credentials.ts';
import { startChain } from '../src/chain.ts';
import type { Chain } from '../src/chain.ts';
import type { ChainNode } from '../src/chain/chain-node.ts';
import { startCluster } from '../src/cluster.ts';
import type { Cluster } from '../src/cluster.ts';
import { projectPath } from '../src/paths.ts';
import { startS3 } from '../src/s3.ts';
import type { S3Server } from '../src/s3.ts';
import { addS3Account, setBucketPolicy } from '../src/s3/s3-accounts.ts';
import { exportDaemon, genesisFromS3, nightlyUpload, pageExamples } from './support/page-examples.ts';
import { readTaskPage, shapeOf } from './support/task-page.ts';

/**
 * The pages of docs/tasks/: their manifests are the examples, which run here on a real cluster, chain and S3 server; the results that they show are
 * made of what these results are made of; and the IAM policies that they show are all that the agents are allowed.
 */
const chainId = 'pacific-1';
const snapshotInterval = 60;

let s3: S3Server;
let chain: Chain;
let witness: ChainNode;
let cluster: Cluster;
/** Of the agents of sei-rpc-0 and of sei-rpc-1. */
let accounts: readonly [AwsCredentials, AwsCredentials];

before(async () => {
  s3 = await startS3({ buckets: ['sei-snapshots', 'sei-results', 'sei-genesis'] });
  accounts = [await addS3Account(s3, 'sei-rpc-0'), await addS3Account(s3, 'sei-rpc-1')];
  chain = await startChain({ app: 'e2e', chainId, snapshotInterval });
  witness = await chain.addFollower({ name: 'witness' });
  await witness.start();
  await sendTransactions(chain.validator);
  cluster = await startCluster({ namespace: exampleNamespace });

  const { validator } = chain;
  const allowHosts = [s3.host, validator.address, witness.address];
  const { home, rpcUrl: nodeRPC } = validator;
  await cluster.createAgentPod('sei-rpc-0', { home, nodeRPC, env: awsEnvironment(accounts[0]), allowHosts });
  const newNode = await chain.addFollower({ name: 'sei-rpc-1' });
  await cluster.createAgentPod('sei-rpc-1', { home: newNode.home, env: awsEnvironment(accounts[1]), allowHosts });
  await cluster.createAgentPod('sei-empty-0', { env: awsEnvironment(accounts[0]), allowHosts });

  // Of a chain whose application keeps no state there; a node of Sei wants one.
  const genesis = JSON.parse(await readFile(validator.genesisFile, 'utf8')) as object;
  await s3.files.put(
    'sei-genesis',
    `${chainId}/genesis.json`,
    Buffer.from(JSON.stringify({ ...genesis, app_state: {} })),
  );
  await validator.waitForHeight(2 * snapshotInterval + 5);
  await witness.waitUntilFollowing(validator);
  await layOutSnapshots(home);
});

after(async () => {
  await cluster.stop();
  await chain[Symbol.asyncDispose]();
  await s3.stop();
});

const exampleOf = async ({ example }: Step): Promise<string> =>
  readFile(projectPath('examples', `${example}.yaml`), 'utf8');

const apply = async (t: TestContext, step: Step, more: Substitutions = []): Promise<Applied> => {
  const substitutions: Substitutions = [
    ['http://127.0.0.1:26657', chain.validator.rpcUrl],
    ['region: eu-central-1', `region: ${s3.region}`],
    ['# endpoint: https://minio.example.com', `endpoint: ${s3.endpoint}`],
    ...more,
  ];
  return applyStep(cluster, step, substitutions, (line) => {
    t.diagnostic(line);
  });
};

/** Waits for what must come of it, and answers the NodeTask as it is then. */
const outcome = async (t: TestContext, applied: Applied): Promise<NodeTask> => {
  const { fault, says } = await outcomeOf(cluster, applied, AbortSignal.timeout(120_000));
  assert.equal(fault, undefined);
  t.diagnostic(says);
  const path = `/apis/nodetask.dev/v1alpha1/namespaces/${exampleNamespace}/nodetasks/${applied.name}`;
  const task = await cluster.admin.get<NodeTask>(path);
  assert.ok(task);
  return task;
};

const conditionOf = (task: NodeTask, type: string) =>
  task.status?.conditions?.find((condition) => condition.type === type);

const readyMessage = (task: NodeTask): string => conditionOf(task, 'Ready')?.message ?? '';

test('without a policy the store refuses an agent', { timeout: 60_000 }, async (t) => {
  const upload = pageExamples['snapshot-upload'];
  const refused: Step = {
    ...upload,
    fault: (task) => is('errorCode', result(task)?.errorCode, 'object-store-refused'),
  };
  await outcome(t, await apply(t, refused, [['name: snapshot-upload', 'name: refused-upload']]));
});

const statementsOf = async (type: TaskType) => (await readTaskPage(type)).statements;

describe('with the policies of the pages', () => {
  before(async () => {
    const [first, second] = accounts;
    await setBucketPolicy(s3, 'sei-snapshots', [
      { account: first, statements: await statementsOf('snapshot-upload') },
      { account: second, statements: await statementsOf('snapshot-restore') },
    ]);
    await setBucketPolicy(s3, 'sei-results', [{ account: first, statements: await statementsOf('result-export') }]);
    await setBucketPolicy(s3, 'sei-genesis', [{ account: first, statements: await statementsOf('configure-genesis') }]);
  });

  const more: Partial<Record<TaskType, () => Substitutions>> = {
    'discover-peers': () => [['sei-nodes.sei.svc.cluster.local', witness.address]],
    'configure-state-sync': () => [
      // That of a node which has not started yet.
      ['podName: sei-rpc-0', 'podName: sei-rpc-1'],
      ['http://sentry-0.sei.svc.cluster.local:26657', chain.validator.rpcUrl],
      ['https://rpc.example.com', witness.rpcUrl],
      ['trustHeightOffset: 2000', 'trustHeightOffset: 30'],
    ],
    'config-apply': () => [['podName: sei-rpc-0', 'podName: sei-empty-0']],
    'result-export': () => [['pageSize: 1000', 'pageSize: 50']],
  };

  for (const [type, step] of Object.entries(pageExamples) as [TaskType, Step][]) {
    test(`docs/tasks/${type}.md: its manifest does what it says`, { timeout: step.timeoutMs + 30_000 }, async (t) => {
      const { manifest, sample } = await readTaskPage(type);
      assert.deepEqual(manifest, parse(await exampleOf(step)));
      const task = await outcome(t, await apply(t, step, more[type]?.()));
      assert.deepEqual(shapeOf(sample), shapeOf({ result: result(task) }));
    });
  }

  test('the genesis document comes out of a bucket', { timeout: 60_000 }, async (t) => {
    const sha256 = createHash('sha256')
      .update(await s3.files.get('sei-genesis', `${chainId}/genesis.json`))
      .digest('hex');
    const substitutions: Substitutions = [
      // Of a node that has no genesis yet.
      ['podName: sei-rpc-0', 'podName: sei-empty-0'],
      ['0123456789abcdef'.repeat(4), sha256],
    ];
    await outcome(t, await apply(t, genesisFromS3, substitutions));
  });

  test('a daemon follows the chain', { timeout: 90_000 }, async (t) => {
    await outcome(t, await apply(t, exportDaemon, [['pageSize: 100', 'pageSize: 20']]));
  });

  test('a nightly upload, each minute', { timeout: 120_000 }, async (t) => {
    await outcome(t, await apply(t, nightlyUpload, [['cron: 0 3 * * *', "cron: '* * * * *'"]]));
  });

  test('a skipped upload and a stalled daemon say why on their NodeTasks', { timeout: 120_000 }, async () => {
    const { region, endpoint } = s3;
    const emptyPod = { podName: 'sei-empty-0' };
    const snapshots = { bucket: 'sei-snapshots', prefix: `${chainId}/empty`, region, endpoint };
    await cluster.applyNodeTask('skipped-upload', { type: 'snapshot-upload', target: emptyPod, params: snapshots });
    await cluster.applyNodeTask('overdue-upload', {
      type: 'snapshot-upload',
      target: emptyPod,
      params: { ...snapshots, maxAgeSeconds: 3600 },
    });
    await cluster.applyNodeTask('stalled-export', {
      type: 'result-export',
      target: { podName: 'sei-rpc-0' },
      async: { daemon: { restartPolicy: 'OnFailure' } },
      // Nobody listens there.
      params: {
        bucket: 'sei-results',
        prefix: `${chainId}/stalled`,
        region,
        endpoint,
        rpcEndpoint: `http://${witness.address}:1`,
      },
    });
    const until = async (name: string, what: string, isSo: (task: NodeTask) => boolean): Promise<NodeTask> => {
      const task = await cluster.untilNodeTask<NodeTask>(name, (one) => one !== undefined && isSo(one), { what });
      assert.ok(task);
      return task;
    };
    const untilFinished = (name: string): Promise<NodeTask> =>
      until(name, `${name} to end`, (task) => conditionOf(task, 'Finished')?.status === 'True');

    const skipped = await untilFinished('skipped-upload');
    assert.match(
      readyMessage(skipped),
      /^succeeded on sei-empty-0 \(skipped: nothing uploaded: 0 snapshots on disk, 2 are needed/,
    );
    const { outcome: done, reason = '', message } = result(skipped) ?? {};
    assert.deepEqual([done, Object.hasOwn(outcomeReasons, reason)], ['skipped', true], reason);
    assert.match(message ?? '', /^nothing uploaded: 0 snapshots on disk/);

    const overdue = await untilFinished('overdue-upload');
    assert.equal(result(overdue)?.errorCode, 'upload-too-old');
    assert.match(readyMessage(overdue), /nothing is uploaded at .*; nothing uploaded, 0 snapshots/);

    const stalled = await until(
      'stalled-export',
      'the daemon to tell that it has stalled',
      (task) => result(task)?.progress?.stalledSince !== undefined,
    );
    const { stalledSince = '', lastError } = result(stalled)?.progress ?? {};
    assert.ok(Date.parse(stalledSince) >= Date.parse(result(stalled)?.submittedAt ?? ''), stalledSince);
    assert.equal(lastError?.code, 'rpc-unreachable');
    assert.match(lastError?.message ?? '', /ECONNREFUSED.*Check the address and the network/);
  });
});
