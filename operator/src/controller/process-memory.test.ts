import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProcessMemory } from './process-memory.ts';
import { agentPod, idOf, podWithoutAddress, start } from './testing/fixtures.ts';

const call = (pod: string) => ({ kind: 'read', pod: agentPod(pod), taskID: idOf(pod) }) as const;

test('an object created anew under the same name begins with nothing', () => {
  const memories = new ProcessMemory();
  const memory = memories.of('sei/job', 'a');
  assert.equal(memories.of('sei/job', 'a'), memory);
  assert.notEqual(memories.of('sei/job', 'b'), memory);
  memories.forget('sei/job');
  assert.equal(memories.find('sei/job'), undefined);
});

test('a pod is out of reach from the first look that missed it until one that found it', () => {
  const memory = new ProcessMemory().of('sei/job', 'a');
  memory.see(['sei-0', 'sei-1', 'sei-2'], [agentPod('sei-0'), podWithoutAddress('sei-1')], start);
  memory.see(['sei-0', 'sei-1', 'sei-2'], [agentPod('sei-0')], start + 1000);
  assert.deepEqual(
    [...memory.outOfReachSince],
    [
      ['sei-1', start],
      ['sei-2', start],
    ],
  );
  memory.see(['sei-0', 'sei-1'], [agentPod('sei-1')], start + 2000);
  assert.deepEqual([...memory.outOfReachSince], [['sei-0', start + 2000]]);
});

test('retryNow ends the pause of what waits for that reason only', () => {
  const memory = new ProcessMemory().of('sei/job', 'a');
  memory.answered(call('sei-0'), { kind: 'busy' }, start, 1);
  memory.answered(call('sei-1'), { kind: 'silent', message: 'no' }, start, 1);
  const pauses = (): unknown => ['sei-0', 'sei-1'].map((pod) => memory.tasks.get(idOf(pod))?.retryAt);
  assert.deepEqual(pauses(), [start + 250, start + 250]);
  memory.retryNow('busy');
  assert.deepEqual(pauses(), [undefined, start + 250]);
  memory.retryNow('silent');
  assert.deepEqual(pauses(), [undefined, undefined]);
  memory.keep(new Set([idOf('sei-1')]));
  assert.deepEqual([...memory.tasks.keys()], [idOf('sei-1')]);
});
