import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from './decide.ts';
import { accepted, cron, daemon, gathered, idOf, oneShot, type Setup } from './testing/fixtures.ts';

const retry = { limit: 3, backoffSeconds: 10, maxBackoffSeconds: 300 };
const strategy = { maxParallel: 1, order: 'Name', failureThreshold: 0, onFailure: 'Stop' } as const;

/** The notes of FieldIgnored, from the first decision that writes a status. */
const notes = (setup: Setup): readonly string[] =>
  decide(
    gathered({
      metadata: { finalizers: ['nodetask.dev/cancel'] },
      memory: { [idOf('sei-0')]: accepted() },
      seconds: 1,
      ...setup,
    }),
  )
    .events.filter(({ reason }) => reason === 'FieldIgnored')
    .map(({ note }) => note);

test('retry of a schedule or daemon, and strategy of what goes to all targets at once, are told', () => {
  for (const spec of [cron, daemon]) {
    const [first = '', second = ''] = notes({ spec: { ...spec, retry, strategy } });
    assert.match(first, /^spec\.retry goes with tasks that run once/);
    assert.match(second, /^spec\.strategy goes with tasks that run once/);
  }
});

test('strategy of one pod is told, and fields that have an effect are not', () => {
  assert.deepEqual(notes({ spec: { ...oneShot, strategy } }), [
    'spec.strategy goes with target.selector: target.podName is one pod.',
  ]);
  assert.deepEqual(notes({ spec: { ...oneShot, retry } }), []);
});

test('it is told once for each generation of the spec', () => {
  const spec = { ...oneShot, strategy };
  assert.deepEqual(notes({ spec, status: { observedGeneration: 1 }, metadata: { generation: 1 } }), []);
  assert.equal(notes({ spec, status: { observedGeneration: 1 }, metadata: { generation: 2 } }).length, 1);
});

test('it is told also of a task that waits to begin', () => {
  assert.equal(notes({ spec: { ...oneShot, strategy, suspend: true }, memory: {} }).length, 1);
});
