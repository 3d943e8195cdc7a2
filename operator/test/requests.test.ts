import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type AuditEvent, type Cluster, startCluster, waitFor } from '@nodetask/testbed';
import { eventsOf, until, untilFinished } from './support/test-cluster.ts';

/** What a one-shot costs the API server, counted in its audit log. */
let cluster: Cluster;
const pod = 'sei-0';

before(async () => {
  cluster = await startCluster();
  await cluster.createAgentPod(pod);
});

after(async () => {
  await cluster.stop();
});

/** Besides events. */
const mostWrites = 6;
const mostEvents = 3;

const writing: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete']);

/** Writes of operator and agents to a NodeTask: all but those of the user. */
const writesTo = (name: string, audit: readonly AuditEvent[]): readonly AuditEvent[] =>
  audit.filter(
    ({ verb, objectRef, user, stage }) =>
      stage === 'ResponseComplete' &&
      writing.has(verb) &&
      objectRef?.resource === 'nodetasks' &&
      objectRef.name === name &&
      user.username.startsWith('system:serviceaccount:'),
  );

/** Waits until the operator has done everything that it does for a task. */
const untilAtRest = async (name: string): Promise<void> => {
  await untilFinished(cluster, name, undefined, 60_000);
  await until(cluster, name, 'without finalizers', ({ metadata }) => metadata.finalizers === undefined);
  await waitFor(async () => (await eventsOf(cluster, name)).some(({ reason }) => reason === 'Completed'), {
    what: `the events of ${name}`,
    timeoutMs: 60_000,
  });
};

const assertCheap = async (names: readonly string[]): Promise<void> => {
  const audit = await cluster.controlPlane.auditEvents();
  for (const name of names) {
    const writes = writesTo(name, audit);
    const said = writes.map(({ verb, objectRef, user }) => `${verb} ${objectRef?.subresource ?? ''} ${user.username}`);
    assert.ok(writes.length > 0, 'the audit log knows of the writes');
    assert.ok(writes.length <= mostWrites, `${name}: ${String(writes.length)} writes: ${said.join(', ')}`);
    const events = await eventsOf(cluster, name);
    assert.ok(events.length <= mostEvents, `${name}: ${String(events.length)} events`);
  }
};

describe('the requests of a one-shot', () => {
  test('are at most 6 writes and 3 events when its agent is free', async () => {
    await cluster.applyNodeTask('free', { type: 'mark-ready', target: { podName: pod } });
    await untilAtRest('free');
    await assertCheap(['free']);
  });

  test('are as many when it stands in a queue', async () => {
    const names = Array.from({ length: 6 }, (_, number) => `queued-${String(number)}`);
    await Promise.all(
      names.map(async (name) => cluster.applyNodeTask(name, { type: 'mark-ready', target: { podName: pod } })),
    );
    await Promise.all(names.map(untilAtRest));
    await assertCheap(names);
  });
});
