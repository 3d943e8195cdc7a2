import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashedTwice } from './crashed-twice.ts';
import type { Seen, Snapshot } from './snapshot.ts';
import type { Applied } from './status-faults.ts';

const applied = (name: string, dependsOn: readonly string[] = []): Applied => ({
  uid: name,
  task: {
    name,
    kind: 'patch',
    pods: ['pod-0'],
    spec: dependsOn.length === 0 ? {} : { dependsOn },
    expect: 'Succeeded',
    attempts: { exactly: 1 },
  },
});

/** Each NodeTask has one row, whose task has its name as id and ended with this error code. */
const snapshot = (ends: Readonly<Record<string, string | undefined>>): Snapshot => ({
  at: 0,
  results: new Map(),
  nodeTasks: new Map(
    Object.entries(ends).map(([name, errorCode]) => [
      name,
      { status: { targets: [{ pod: 'pod-0', taskID: name, result: { errorCode } }] } } as unknown as Seen,
    ]),
  ),
});

test('only a task that ran in two kills and says so may have failed, and what depends on it', () => {
  const tasks = [
    applied('twice'),
    applied('once'),
    applied('twice-and-done'),
    applied('dependent', ['other', 'twice']),
    applied('dependent-of-dependent', ['dependent']),
    applied('dependent-of-once', ['once']),
  ];
  const seen = snapshot({
    twice: 'agent-crashed',
    once: 'agent-crashed',
    'twice-and-done': undefined,
    dependent: undefined,
    'dependent-of-dependent': undefined,
    'dependent-of-once': undefined,
  });
  const kills = new Map([
    ['twice', 2],
    ['once', 1],
    ['twice-and-done', 3],
  ]);
  assert.deepEqual([...crashedTwice(tasks, seen, kills)], ['twice', 'dependent', 'dependent-of-dependent']);
});
