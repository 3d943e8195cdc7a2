import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../decide.ts';
import { agentPod, fanOut, gathered, oneShot, result, row, runningStatus } from '../testing/fixtures.ts';

type Said = Partial<Pick<NonNullable<ReturnType<typeof result>>, 'outcome' | 'message' | 'reason' | 'warnings'>>;

/** Ready of a task that has succeeded on as many targets as there are results. */
const ready = (...results: readonly Said[]): string | undefined => {
  const pods = results.map((_, index) => `sei-${index}`);
  const rows = pods.map((pod, index) => row(pod, { result: result({ status: 'completed', ...results[index] }, pod) }));
  const spec = results.length === 1 ? oneShot : fanOut;
  const { status } = decide(
    gathered({ spec, pods: pods.map((pod) => agentPod(pod)), status: runningStatus(rows), seconds: 1 }),
  );
  assert.equal(status?.phase, 'Succeeded');
  return status.conditions?.[0]?.message;
};

const patched: Said = { outcome: 'changed', message: 'p2p.max_num_inbound_peers 40 \u2192 80' };
const asBefore: Said = {
  outcome: 'unchanged',
  reason: 'already-as-wanted',
  message: 'config.toml says already what the params ask for',
};
const skipped: Said = { outcome: 'skipped', reason: 'fewer-than-2-snapshots', message: 'nothing uploaded' };
const warned: Said = { ...patched, warnings: ['no node is known to read it', 'another'] };
const said = 'p2p.max_num_inbound_peers 40 \u2192 80';

for (const [what, results, text] of [
  ['what changed, in words', [patched], `succeeded on sei-0: ${said}`],
  ['that nothing was to do, and why', [asBefore], `succeeded on sei-0 (unchanged: ${asBefore.message ?? ''})`],
  ['that nothing could be done, and why', [skipped], 'succeeded on sei-0 (skipped: nothing uploaded)'],
  [
    'a warning behind what was done',
    [warned],
    `succeeded on sei-0: ${said}; warning: no node is known to read it; and 1 more warning`,
  ],
  ['the outcome where its agent says no more', [{ outcome: 'changed' }], 'succeeded on sei-0 (changed)'],
  [
    'the reason where its agent has no words',
    [{ outcome: 'unchanged', reason: 'already-there' }],
    'succeeded on sei-0 (unchanged: already-there)',
  ],
  ['where it succeeded, of an agent that says nothing', [{}], 'succeeded on sei-0'],
  ['what all targets say, once', [patched, patched, patched], `succeeded on 3 targets: ${said}`],
  [
    'what all targets say that had nothing to do',
    [asBefore, asBefore],
    `succeeded on 2 targets (unchanged: ${asBefore.message ?? ''})`,
  ],
  [
    'how many changed and how many did not',
    [patched, asBefore, patched],
    'succeeded on 3 targets (2 changed, 1 unchanged)',
  ],
  [
    'which of the targets were skipped, and why',
    [patched, skipped],
    'succeeded on 2 targets (1 changed, 1 skipped), 1 of them skipped: sei-1: nothing uploaded',
  ],
  [
    'which of the targets have a warning',
    [patched, warned],
    `succeeded on 2 targets (2 changed), 1 of them with a warning: sei-1: ${said}; warning: no node is known to read it; and 1 more warning`,
  ],
  ['no counts if one of the outcomes is not known', [patched, {}], 'succeeded on 2 targets'],
] as const satisfies readonly (readonly [string, readonly Said[], string])[]) {
  test(`Ready of what has succeeded tells ${what}`, () => {
    assert.equal(ready(...results), text);
  });
}
