import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LogFields, maxFence, newLeaseSince, silentLogger } from '@nodetask/shared';
import { MemoryStore } from '../store/memory-store.ts';
import { refusal } from '../../test/support/engine/harness.ts';
import { Fence } from './fence.ts';

const now = Date.UTC(2026, 6, 1);
const day = 86_400;
const secondsAt = (time: number): number => (time - newLeaseSince) / 1000;

const logger = () => {
  const errors: LogFields[] = [];
  return { ...silentLogger, errors, error: (_message: string, fields?: LogFields) => errors.push(fields ?? {}) };
};

const storeWith = (fence: string): MemoryStore => {
  const store = new MemoryStore();
  store.setValue('fence', fence);
  return store;
};

describe('a fence', () => {
  it('up to a day ahead of the seconds since 2020 is taken, one more is refused and not remembered', () => {
    const store = new MemoryStore();
    const fence = new Fence(store, silentLogger);
    const highest = secondsAt(now) + day;
    const error = refusal('fence-ahead', () => {
      fence.check(highest + 1, now);
    });
    assert.match(error.message, new RegExp(`${highest + 1}.*2026-07-01 00:00 UTC.*${highest}.*delete the Lease`, 'u'));
    assert.equal(error.retriable, true, 'another time may be right');
    assert.equal(store.getValue('fence'), undefined);
    fence.check(1, now);
    fence.check(highest, now);
    assert.equal(store.getValue('fence'), String(highest));
  });

  it('above 2^31-1 is no leaseTransitions, whatever the clock says', () => {
    const fence = new Fence(new MemoryStore(), silentLogger);
    for (const time of [0, now, Date.UTC(2200, 0, 1)]) {
      for (const value of [maxFence + 1, Number.MAX_SAFE_INTEGER, Infinity]) {
        refusal('invalid-request', () => {
          fence.check(value, time);
        });
      }
    }
    fence.check(maxFence, Date.UTC(2200, 0, 1));
  });

  it('of a right leader is taken by an agent whose clock was never set', () => {
    const store = new MemoryStore();
    const fence = new Fence(store, silentLogger);
    for (const time of [0, Date.UTC(2000, 0, 1), Date.UTC(2025, 11, 31)]) fence.check(secondsAt(now), time);
    refusal('fenced', () => {
      fence.check(7, 0);
    });
    fence.check(secondsAt(now) + 1, now);
  });

  for (const stored of ['9007199254740991', String(maxFence), 'no number', '-4', '1.5']) {
    it(`that is stored as ${JSON.stringify(stored)} cannot be right: it does not count, is told once and replaced`, () => {
      const store = storeWith(stored);
      const log = logger();
      const fence = new Fence(store, log);
      fence.check(7, now);
      fence.check(7, now);
      assert.equal(store.getValue('fence'), '7');
      assert.equal(log.errors.length, 1);
      refusal('fenced', () => {
        fence.check(6, now);
      });
    });
  }

  it('that is stored counts again when a clock that was behind is right', () => {
    const stored = secondsAt(now);
    const fence = new Fence(storeWith(String(stored)), silentLogger);
    const behind = now - 30 * day * 1000;
    refusal('fence-ahead', () => {
      fence.check(stored + 1, behind);
    });
    refusal('fenced', () => {
      fence.check(stored - 1, now);
    });
    fence.check(stored + 1, now);
  });
});
