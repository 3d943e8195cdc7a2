import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { type AgentProcess, type Cluster, runCommand, startCluster, waitFor } from '@nodetask/testbed';
import { until, untilFinished } from './support/test-cluster.ts';

/** Logs of real operators and agents: a search for a NodeTask's namespace and name finds what both did for it. */
type Line = Readonly<Record<string, unknown>>;

let cluster: Cluster;
let agent: AgentProcess;

before(async () => {
  cluster = await startCluster();
  agent = await cluster.createAgentPod('sei-0', { allowHosts: ['127.0.0.1'] });
});

after(async () => {
  await cluster.stop();
});

const parse = (log: string): readonly Line[] =>
  log
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);

const messages = (lines: readonly Line[]): readonly unknown[] => lines.map(({ message }) => message);

interface Lines {
  readonly operator: readonly Line[];
  readonly agent: readonly Line[];
}

/** The lines that name the NodeTask, once both sides have written the last that is awaited of them. */
const linesOf = async (name: string, last: Readonly<Record<keyof Lines, string>>): Promise<Lines> => {
  const nodeTask = `${cluster.namespace}/${name}`;
  let lines: Lines = { operator: [], agent: [] };
  await waitFor(
    async () => {
      const [operatorLines, agentLines] = await Promise.all([
        readFile(cluster.operator.logFile, 'utf8'),
        readFile(agent.logFile, 'utf8'),
      ]);
      lines = {
        operator: parse(operatorLines).filter((line) => line['nodeTask'] === nodeTask),
        agent: parse(agentLines).filter((line) => line['nodeTask'] === nodeTask),
      };
      return messages(lines.agent).includes(last.agent) && messages(lines.operator).includes(last.operator);
    },
    { what: `lines ${JSON.stringify(last)} about ${nodeTask}`, timeoutMs: 20_000 },
  );
  return lines;
};

/** Every line that either side wrote about a task names the NodeTask too. */
const assertNothingElse = async (name: string, taskID: string | undefined): Promise<void> => {
  assert.ok(taskID !== undefined);
  const logs = [
    ...parse(await readFile(cluster.operator.logFile, 'utf8')),
    ...parse(await readFile(agent.logFile, 'utf8')),
  ];
  const about = logs.filter(({ task }) => task === taskID);
  assert.ok(about.length > 0);
  for (const line of about) assert.equal(line['nodeTask'], `${cluster.namespace}/${name}`, JSON.stringify(line));
};

test('the lines of a one-shot name its NodeTask at the operator and at the agent, from dispatch to end', async () => {
  await cluster.applyNodeTask('once', { type: 'config-validate', target: { podName: 'sei-0' } });
  const done = await untilFinished(cluster, 'once');
  const lines = await linesOf('once', { agent: 'run failed', operator: 'ended' });
  assert.deepEqual(messages(lines.agent), ['run started', 'the run failed', 'run failed']);
  assert.deepEqual(messages(lines.operator), ['called an agent', 'ended']);
  await assertNothingElse('once', done.status?.targets?.[0]?.taskID);
  // The same of every reconcile, whatever it says.
  const reconciles = parse(await readFile(cluster.operator.logFile, 'utf8')).filter(
    ({ reconcileId }) => reconcileId !== undefined,
  );
  for (const { key, nodeTask, message } of reconciles) {
    if (String(key).startsWith(`${cluster.namespace}/`)) assert.equal(nodeTask, key, String(message));
  }
});

test('the lines of a schedule and of a daemon name their NodeTasks on both sides', async () => {
  const target = { podName: 'sei-0' };
  await cluster.applyNodeTask('nightly', {
    type: 'config-validate',
    target,
    async: { schedule: { cron: '* * * * *' } },
  });
  await cluster.applyNodeTask('export', {
    type: 'result-export',
    target,
    params: { bucket: 'results', region: 'eu-central-1', prefix: 'x', endpoint: 'http://127.0.0.1:9' },
    async: { daemon: {} },
  });
  const daemon = await until(cluster, 'export', 'to run', ({ status }) => status?.phase === 'Running');
  const exported = await linesOf('export', { agent: 'the export waits and tries again', operator: 'called an agent' });
  assert.equal(exported.agent[0]?.['message'], 'run started');
  assert.deepEqual(messages(exported.operator), ['called an agent']);
  await assertNothingElse('export', daemon.status?.targets?.[0]?.taskID);
  const scheduled = await until(
    cluster,
    'nightly',
    'to have run',
    ({ status }) => status?.targets?.[0]?.runs?.[0]?.status === 'failed',
    90_000,
  );
  const fired = await linesOf('nightly', { agent: 'run failed', operator: 'called an agent' });
  assert.deepEqual(messages(fired.agent).slice(0, 3), ['run started', 'the run failed', 'run failed']);
  assert.deepEqual(messages(fired.operator), ['called an agent']);
  await assertNothingElse('nightly', scheduled.status?.targets?.[0]?.taskID);
});

test('the search of docs/observability.md finds the lines of a NodeTask, and no others', async () => {
  const page = await readFile(new URL('../../docs/observability.md', import.meta.url), 'utf8');
  const filters = [...page.matchAll(/^kubectl logs .*? \| (grep .*)$/gm)].map(([, filter = '']) => filter);
  assert.equal(filters.length, 2);
  const nodeTask = `${cluster.namespace}/once`;
  for (const filter of filters) {
    for (const log of [cluster.operator.logFile, agent.logFile]) {
      const command = `${filter.replace('sei/nightly', nodeTask)} < '${log}'`;
      const { code, stdout } = await runCommand('/bin/sh', ['-c', command]);
      const expected = parse(await readFile(log, 'utf8')).filter((line) => line['nodeTask'] === nodeTask);
      assert.deepEqual([code, parse(stdout)], [0, expected], command);
    }
  }
});
