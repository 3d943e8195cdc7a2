import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TaskError } from '@nodetask/shared';
import { type Store, type TaskRecord, tombstoneLimits } from '../../../src/engine/store.ts';

const uuid = (number: number): string => `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
const start = new Date('2026-01-01T00:00:00Z');
const ref = { namespace: 'sei', name: 'task', uid: 'u', maxResultBytes: 2048 };

/** A finished one-shot without a ref, unless said otherwise. */
const record = (number: number, changes: Partial<TaskRecord> = {}): TaskRecord => ({
  id: uuid(number),
  kind: 'one-shot',
  type: 'config-patch',
  params: { files: { 'app.toml': { a: [1, { b: null }], text: 'ünï\u0000cøde' } } },
  fingerprint: `f${number}`,
  result: {
    id: uuid(number),
    type: 'config-patch',
    status: 'completed',
    submittedAt: start.toISOString(),
    completedAt: start.toISOString(),
    run: 1,
    outcome: 'changed',
    output: { keys: ['a'] },
  },
  active: false,
  runs: [],
  revision: 2,
  reportedRevision: 0,
  sequence: number,
  ...changes,
});

/** The same record, not ended. */
const running = (number: number, changes: Partial<TaskRecord> = {}): TaskRecord =>
  record(number, {
    active: true,
    result: { id: uuid(number), type: 'config-patch', status: 'running', submittedAt: start.toISOString(), run: 1 },
    ...changes,
  });

const ids = (records: readonly TaskRecord[]): string[] => records.map(({ id }) => id);

/** What every Store does; `open` makes an empty one. */
export const storeContract = (name: string, open: () => Store): void => {
  describe(`${name}: the contract of a Store`, () => {
    it('gives records back as they were, nested params, run number, output and absent members included', () => {
      const store = open();
      const full = record(1, {
        kind: 'schedule',
        async: { schedule: { cron: '@daily', suspend: false } },
        ref,
        timeoutSeconds: 5,
        resume: { lastRun: 4 },
        runStartedAt: start.toISOString(),
        runs: [{ run: 1, status: 'missed', startedAt: start.toISOString() }],
        fired: true,
        missedRuns: 2,
        resumed: true,
        crashes: 1,
      });
      store.put(full);
      assert.deepEqual(store.get(uuid(1)), full);
      const lean = running(2);
      store.put(lean);
      assert.deepEqual(store.get(uuid(2)), lean);
      assert.equal('completedAt' in (store.get(uuid(2))?.result ?? {}), false);
    });

    it('answers what is missing with absence, not with an error', () => {
      const store = open();
      assert.equal(store.get(uuid(1)), undefined);
      assert.equal(store.getValue('ready'), undefined);
      assert.equal(store.isTombstoned(uuid(1)), false);
      assert.deepEqual(store.list(10), { records: [] });
      assert.deepEqual(store.living(), []);
      assert.deepEqual(store.unreported(10), []);
    });

    it('is not changed by what callers do to what they put in or got out', () => {
      const store = open();
      const mine = record(1);
      store.put(mine);
      Object.assign(mine.result, { status: 'failed' });
      const got = store.get(uuid(1));
      Object.assign(got?.params ?? {}, { files: 'gone' });
      assert.equal(store.get(uuid(1))?.result.status, 'completed');
      assert.notEqual(store.get(uuid(1))?.params['files'], 'gone');
    });

    it('a second put updates', () => {
      const store = open();
      store.put(running(1));
      store.put(record(1, { revision: 3 }));
      assert.equal(store.get(uuid(1))?.result.status, 'completed');
      assert.equal(store.list(10).records.length, 1);
    });

    it('lists newest first, in pages that meet without gap or overlap', () => {
      const store = open();
      for (let number = 1; number <= 7; number++) store.put(record(number));
      const first = store.list(3);
      assert.deepEqual(ids(first.records), [7, 6, 5].map(uuid));
      store.put(record(8));
      const second = store.list(3, first.next);
      assert.deepEqual(ids(second.records), [4, 3, 2].map(uuid));
      const third = store.list(3, second.next);
      assert.deepEqual(ids(third.records), [uuid(1)]);
      assert.equal('next' in third, false);
      assert.equal('next' in store.list(8), false, 'a page that is just full is the last');
    });

    it('counts sequences up, above all that it holds', () => {
      const store = open();
      assert.equal(store.nextSequence(), 1);
      assert.equal(store.nextSequence(), 2);
      store.put(record(40));
      assert.equal(store.nextSequence(), 41);
    });

    it('living: what has not ended, of any kind, oldest first', () => {
      const store = open();
      store.put(running(3, { kind: 'daemon' }));
      store.put(running(2, { kind: 'schedule', active: false }));
      store.put(running(1));
      store.put(record(4));
      store.put(record(5, { kind: 'schedule' }));
      assert.deepEqual(ids(store.living()), [1, 2, 3].map(uuid));
    });

    it('removes once, and leaves a tombstone, also of an id that it never had', () => {
      const store = open();
      store.put(record(1));
      assert.equal(store.remove(uuid(1), start), true);
      assert.equal(store.remove(uuid(1), start), false);
      assert.equal(store.get(uuid(1)), undefined);
      assert.equal(store.remove(uuid(9), start), false);
      assert.equal(store.isTombstoned(uuid(1)) && store.isTombstoned(uuid(9)), true);
    });

    it('unreported: records with a ref whose revision is ahead, oldest change first', () => {
      const store = open();
      store.put(record(1, { ref }));
      store.put(record(2, { ref }));
      store.put(record(3));
      store.put(record(1, { ref, revision: 3 }));
      assert.deepEqual(ids(store.unreported(10)), [2, 1].map(uuid));
      assert.deepEqual(ids(store.unreported(1)), [uuid(2)]);
      store.put(record(2, { ref, reportedRevision: 1 }));
      assert.deepEqual(ids(store.unreported(10)), [2, 1].map(uuid), 'a report of an older revision moves nothing');
      store.put(record(2, { ref, reportedRevision: 2 }));
      assert.deepEqual(ids(store.unreported(10)), [uuid(1)]);
    });

    it('evicts finished one-shots beyond the newest, never what lives, has a schedule, or is not reported', () => {
      const store = open();
      store.put(running(1));
      store.put(record(2, { kind: 'schedule' }));
      store.put(record(3, { kind: 'daemon' }));
      store.put(record(4, { ref }));
      for (let number = 5; number <= 9; number++) store.put(record(number, { ref, reportedRevision: 2 }));
      assert.equal(store.evict(2, start), 3);
      assert.deepEqual(ids(store.list(100).records), [9, 8, 4, 3, 2, 1].map(uuid));
      assert.equal(store.evict(2, start), 0);
      assert.equal(store.isTombstoned(uuid(5)), true, 'an evicted task never runs again');
    });

    it('beyond the hard bound the oldest finished go, reported or not', () => {
      const store = open();
      store.transaction(() => {
        store.put(running(1));
        for (let number = 2; number <= 130; number++) store.put(record(number, { ref }));
      });
      assert.equal(store.evict(2, start), 29);
      assert.equal(store.get(uuid(1))?.id, uuid(1));
      assert.equal(store.get(uuid(30)), undefined);
      assert.equal(store.get(uuid(31))?.id, uuid(31));
    });

    it('remembers removed ids for 30 days', () => {
      const store = open();
      store.remove(uuid(1), start);
      store.evict(10, new Date(start.getTime() + tombstoneLimits.ageMs));
      assert.equal(store.isTombstoned(uuid(1)), true);
      store.evict(10, new Date(start.getTime() + tombstoneLimits.ageMs + 1));
      assert.equal(store.isTombstoned(uuid(1)), false);
    });

    it('remembers at most 10,000 removed ids, the newest', () => {
      const store = open();
      store.transaction(() => {
        for (let number = 0; number <= tombstoneLimits.count + 1; number++) store.remove(uuid(number), start);
      });
      assert.deepEqual(
        [0, 1, 2, tombstoneLimits.count + 1].map((number) => store.isTombstoned(uuid(number))),
        [false, false, true, true],
      );
    });

    it('keeps values', () => {
      const store = open();
      store.setValue('fence', '7');
      store.setValue('fence', '8');
      assert.equal(store.getValue('fence'), '8');
    });

    it('a transaction is done whole or not at all, one inside another with it', () => {
      const store = open();
      store.put(running(1));
      assert.throws(() =>
        store.transaction(() => {
          store.transaction(() => {
            store.put(record(1, { revision: 9 }));
          });
          store.setValue('ready', 'true');
          store.remove(uuid(7), start);
          throw new Error('half way');
        }),
      );
      assert.equal(store.get(uuid(1))?.result.status, 'running');
      assert.equal(store.getValue('ready'), undefined);
      assert.equal(store.isTombstoned(uuid(7)), false);
      assert.equal(
        store.transaction(() => 'done'),
        'done',
      );
    });

    it('a closed store is an error with a code, and closing twice is none', () => {
      const store = open();
      store.close();
      store.close();
      for (const use of [
        () => store.get(uuid(1)),
        () => {
          store.put(record(1));
        },
        () => store.remove(uuid(1), start),
        () => store.list(1),
        () => store.living(),
        () => store.unreported(1),
        () => store.evict(1, start),
        () => store.getValue('a'),
        () => {
          store.setValue('a', 'b');
        },
        () => store.transaction(() => store.get(uuid(1))),
        () => {
          store.ping();
        },
      ]) {
        assert.throws(use, (error) => error instanceof TaskError && error.code === 'store-unavailable');
      }
    });
  });
};
