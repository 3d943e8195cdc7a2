import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { IndexedCache } from '../kube/indexed-cache.ts';
import { scheduleFacts } from '../metrics/schedule-facts.ts';
import { stuckReason } from '../metrics/stuck-reason.ts';
import { nodeTaskIndexers } from './cluster-view.ts';
import { decide } from './decide.ts';
import { awaitsDependencies, released } from './dependencies/awaits.ts';
import { changesDependents } from './dependencies/changes-dependents.ts';
import { freedPlaces } from './queue/freed-places.ts';
import { readNodeTask } from './read-node-task.ts';
import { concerns } from './relevance.ts';
import {
  agentPod,
  cron,
  gathered,
  nodeTask,
  oneShot,
  result,
  row,
  runningStatus,
  start,
  uid,
} from './testing/fixtures.ts';

const metadata = { name: 'job', namespace: 'sei', uid, resourceVersion: '1' };

describe('a NodeTask as the API server sends it', () => {
  test('is read as it is, without what the operator has no use for', () => {
    const status = runningStatus([row('sei-0', { result: result({ output: { large: 'x' } }) })]);
    const object = nodeTask(cron, status, { finalizers: ['a/b'], labels: { a: 'b' }, annotations: { other: 'x' } });
    const { labels: _, annotations: __, ...kept } = object.metadata;
    const rows = [row('sei-0', { result: result() })];
    assert.deepEqual(readNodeTask(object), { ...object, metadata: kept, status: { ...status, targets: rows } });
    const forced = nodeTask(oneShot, undefined, { annotations: { 'nodetask.dev/force-delete': 'yes', other: 'x' } });
    assert.deepEqual(readNodeTask(forced).metadata.annotations, { 'nodetask.dev/force-delete': 'yes' });
  });

  test('has a status that says what is wrong with its spec', () => {
    for (const [spec, says] of [
      [undefined, /spec: /],
      [{ type: 'mark-ready' }, /spec\.target: /],
      [{ type: 'mark-ready', target: null }, /spec\.target: /],
      [{ type: 'mark-ready', target: { podName: 7 } }, /spec\.target\.podName: /],
      [{ ...oneShot, dependsOn: 7 }, /spec\.dependsOn: /],
      [{ ...oneShot, dependsOn: Array.from({ length: 100_000 }, () => 'x'.repeat(10)) }, /larger than any spec/],
    ] as const) {
      const decision = decide({ ...gathered(), nodeTask: readNodeTask({ metadata, spec }) });
      const ready = decision.status?.conditions?.find(({ type }) => type === 'Ready');
      assert.equal(ready?.reason, 'InvalidSpec');
      assert.match(ready.message, says);
      assert.deepEqual(decision.calls, []);
    }
  });

  test('keeps what stops the work that it began, if its spec can be read no more', () => {
    const read = readNodeTask(nodeTask({ ...cron, runID: 'r1', timeoutSeconds: 'soon' as unknown as number }));
    assert.deepEqual(read.spec, { ...cron, runID: 'r1', target: { podName: 'sei-0', waitSeconds: 300 } });
    assert.match(read.specFault ?? '', /spec\.timeoutSeconds/);
  });

  test('keeps each row of its status in its place, whatever is in it', () => {
    const rows = [null, 7, { pod: 'sei-0', phase: 7, message: 'kept' }, row('sei-1'), { phase: 'Running' }];
    const { targets } =
      readNodeTask({ metadata, spec: oneShot, status: { phase: 'Running', targets: rows } }).status ?? {};
    assert.deepEqual(targets, [
      { pod: '' },
      { pod: '' },
      { pod: 'sei-0', message: 'kept' },
      row('sei-1'),
      { pod: '', phase: 'Running' },
    ]);
  });

  test('needs nothing but a name, a namespace, a UID and a version to be read by all who read it', () => {
    const anything = fc.jsonValue({ maxDepth: 3 });
    const keys = (...names: string[]) =>
      fc.record(Object.fromEntries(names.map((name) => [name, anything])), { requiredKeys: [] });
    const targets = fc.array(
      fc.oneof(anything, keys('pod', 'phase', 'taskID', 'result', 'runs', 'startedAt', 'attempt')),
    );
    const object = fc.record({
      metadata: keys('generation', 'creationTimestamp', 'deletionTimestamp', 'finalizers', 'annotations').map(
        (more) => ({
          ...more,
          ...metadata,
        }),
      ),
      spec: fc.oneof(anything, keys('type', 'target', 'async', 'dependsOn', 'runID', 'strategy', 'retry', 'cancel')),
      status: fc.oneof(
        anything,
        fc
          .tuple(keys('phase', 'conditions', 'runID', 'observedGeneration', 'startedAt', 'counts'), targets)
          .map(([members, rows]) => ({ ...members, targets: rows })),
      ),
    });
    fc.assert(
      fc.property(object, (raw) => {
        const read = readNodeTask(raw);
        const cache = new IndexedCache(nodeTaskIndexers);
        cache.set(read);
        decide({ ...gathered(), nodeTask: read });
        changesDependents(undefined, read);
        awaitsDependencies(read);
        released(read, undefined);
        freedPlaces(read, undefined);
        concerns(agentPod('sei-0'), read);
        stuckReason(read, start);
        scheduleFacts(read);
        cache.delete('sei/job');
        assert.equal(cache.size, 0);
      }),
      { numRuns: 500 },
    );
  });
});
