import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../random.ts';
import { planRounds } from './round-plan.ts';

const plan = (seed: number, count = 3) => planRounds(count, seededRandom(seed));

test('the same seed draws the same rounds, another one others', () => {
  assert.deepEqual(plan(1), plan(1));
  assert.notDeepEqual(plan(1), plan(2));
});

test('of three rounds one leaves a torso and one can never succeed, whatever the seed', () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const rounds = plan(seed);
    assert.equal(rounds.filter(({ torsoAfterMs }) => torsoAfterMs !== undefined).length, 1);
    assert.equal(rounds.filter(({ lasting }) => lasting !== undefined).length, 1);
    assert.equal(
      rounds.every(({ lasting, olderSnapshots }) => lasting === undefined || olderSnapshots),
      true,
    );
  }
});

test('twenty rounds have each kind of fault and each step of the exchange', () => {
  const rounds = plan(1, 20);
  const kinds = (faults: 'upload' | 'restore') => new Set(rounds.flatMap((one) => one[faults].map(({ kind }) => kind)));
  assert.equal(kinds('upload').size, 4);
  assert.equal(kinds('restore').size, 4);
  const entries = rounds.flatMap(({ restore }) => restore.flatMap(({ at }) => ('entry' in at ? [at.entry] : [])));
  assert.ok(new Set(entries).size >= 3, entries.join());
  assert.equal(new Set(rounds.map(({ lasting }) => lasting?.cause)).size, 4);
});
