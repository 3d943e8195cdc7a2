import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Cluster, type OtlpReceiver, type ReceivedSpan, startCluster, startOtlpReceiver } from '@nodetask/testbed';
import { applyOverdueSchedule, halfAnHourAway } from './support/overdue-schedule.ts';
import { until, untilFinished } from './support/test-cluster.ts';

/** Traces of a real operator and a real agent, as an OTLP receiver gets them. */
let receiver: OtlpReceiver;
let cluster: Cluster;
const pod = 'sei-0';

before(async () => {
  receiver = await startOtlpReceiver();
  cluster = await startCluster({
    operator: { leaderElect: false, args: ['--tracing-endpoint', receiver.url] },
    agentSettings: () => ({ env: { NODETASK_TRACING_ENDPOINT: receiver.url } }),
  });
  const agent = await cluster.createAgentPod(pod, { env: { NODETASK_TRACING_ENDPOINT: receiver.url } });
  await writeFile(join(agent.home, 'config', 'config.toml'), 'moniker = "old"\n');
});

after(async () => {
  await cluster.stop();
  await receiver[Symbol.asyncDispose]();
  assert.deepEqual(receiver.faults, []);
});

const isOf =
  (service: string, name: string, attributes: ReceivedSpan['attributes'] = {}) =>
  (span: ReceivedSpan): boolean =>
    span.service === service &&
    span.name === name &&
    Object.entries(attributes).every(([key, value]) => span.attributes[key] === value);

const rootOf = async (name: string, type: string): Promise<ReceivedSpan> =>
  receiver.until(`${name} as a whole`, isOf('nodetask-operator', `NodeTask ${type}`, { 'nodetask.name': name }));

/** Names from a span up to the root of its trace. */
const lineage = (span: ReceivedSpan): readonly string[] => {
  const parent = receiver.spans.find(({ traceID, spanID }) => traceID === span.traceID && spanID === span.parentID);
  const own = `${span.service.replace('nodetask-', '')}: ${span.name}`;
  if (parent === undefined) return span.parentID === undefined ? [own] : [own, 'a span that did not arrive'];
  return [own, ...lineage(parent)];
};

describe('traces', () => {
  test('one shows a one-shot from apply over dispatch and run to the report and its end', async () => {
    const applied = Date.now();
    await cluster.applyNodeTask('patch', {
      type: 'config-patch',
      target: { podName: pod },
      params: { files: { 'config.toml': { moniker: 'new' } } },
    });
    await untilFinished(cluster, 'patch');
    const root = await rootOf('patch', 'config-patch');
    assert.equal(root.parentID, undefined);
    assert.equal(root.attributes['nodetask.phase'], 'Succeeded');
    assert.ok(root.startedAt >= applied - 1_000 && root.endedAt <= Date.now(), `${root.startedAt} ${root.endedAt}`);

    const inTrace = (service: string, name: string, attributes: ReceivedSpan['attributes'] = {}) =>
      receiver.until(
        `${service} ${name}`,
        (span) => span.traceID === root.traceID && isOf(`nodetask-${service}`, name, attributes)(span),
      );
    const top = 'operator: NodeTask config-patch';
    const dispatch = ['operator: agent dispatch', 'operator: reconcile', top];
    const run = ['agent: run config-patch', ...dispatch];
    assert.deepEqual(lineage(await inTrace('agent', 'run config-patch')), run);
    assert.deepEqual(lineage(await inTrace('agent', 'edit')), ['agent: edit', ...run]);
    const report = await inTrace('agent', 'report', { 'nodetask.status': 'completed' });
    assert.deepEqual(lineage(report), ['agent: report', ...run]);
    assert.equal(report.attributes['http.response.status_code'], 200);
    const end = await inTrace('operator', 'write status', { 'nodetask.phase': 'Succeeded' });
    assert.deepEqual(lineage(end), ['operator: write status', 'operator: reconcile', top]);
    assert.ok(end.startedAt >= report.startedAt, 'the end follows the report');
    assert.deepEqual(
      receiver.spans.filter(({ traceID, error }) => traceID === root.traceID && error !== undefined),
      [],
    );
    assert.equal((await inTrace('agent', 'run config-patch')).resource['service.instance.id'], pod);
  });

  test('a failure is one in each span that it runs through', async () => {
    await cluster.applyNodeTask('failing', {
      type: 'config-patch',
      target: { podName: pod },
      params: { files: { 'app.toml': { x: 1 } } },
    });
    await untilFinished(cluster, 'failing');
    const root = await rootOf('failing', 'config-patch');
    assert.match(root.error ?? '', /app\.toml/);
    const run = await receiver.until(
      'the run',
      (span) => span.traceID === root.traceID && span.name.startsWith('run '),
    );
    assert.match(run.error ?? '', /app\.toml/);
  });

  test('each run of a schedule is a trace of its own, which leads on to its report and back to the operator', async () => {
    const spec = {
      type: 'mark-ready',
      target: { podName: pod },
      async: { schedule: { cron: halfAnHourAway() } },
    } as const;
    await applyOverdueSchedule(cluster, { name: 'nightly', pod, spec });
    await until(cluster, 'nightly', 'to have run', ({ status }) =>
      (status?.conditions ?? []).some(({ type, status: is }) => type === 'LastRunSucceeded' && is === 'True'),
    );
    const run = await receiver.until('the run', isOf('nodetask-agent', 'run mark-ready', { 'nodetask.run': 2 }));
    assert.equal(run.parentID, undefined);
    const report = await receiver.until(
      'its report',
      ({ traceID, name }) => traceID === run.traceID && name === 'report',
    );
    assert.equal(report.parentID, run.spanID);
    const seen = await receiver.until(
      'the reconcile that sees it',
      ({ traceID, name }) => traceID === run.traceID && name === 'reconcile',
    );
    assert.deepEqual([seen.parentID, seen.service], [run.spanID, 'nodetask-operator']);
  });

  test('an agent that is stopped sends what it has first', async () => {
    const agent = await cluster.createAgentPod('leaving', { env: { NODETASK_TRACING_ENDPOINT: receiver.url } });
    const body = { type: 'mark-ready' };
    assert.equal((await agent.request('POST', '/v0/tasks', { body })).status, 202);
    await agent.stop();
    await receiver.until(
      'the run',
      (span) => span.name === 'run mark-ready' && span.resource['k8s.pod.name'] === 'leaving',
      1,
    );
  });
});
