import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../random.ts';
import { type Fault, planFaults } from './fault-plan.ts';

const plan = (seed: number): readonly Fault[] =>
  planFaults({ random: seededRandom(seed), agents: 4, mixed: 25, survived: 10, longestPauseMs: 500 });

const kinds = (faults: readonly Fault[]): ReadonlySet<string> =>
  new Set(faults.map(({ subject, kind }) => `${kind} ${subject}`));

test('the same seed draws the same faults, another one others', () => {
  assert.deepEqual(plan(1), plan(1));
  assert.notDeepEqual(plan(1), plan(2));
});

test('each kind comes at least once, whatever the seed', () => {
  for (let seed = 0; seed < 50; seed += 1) assert.equal(kinds(plan(seed).slice(0, 25)).size, 18);
});

test('the last faults kill neither operator nor agents', () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const last = kinds(plan(seed).slice(25));
    assert.equal(last.has('kill operator') || last.has('kill agent'), false);
  }
});

test('too few faults for all kinds are refused', () => {
  const few = { random: seededRandom(1), agents: 1, mixed: 3, survived: 0, longestPauseMs: 0 };
  assert.throws(() => planFaults(few), /3 faults are fewer than the 18 kinds/);
});
