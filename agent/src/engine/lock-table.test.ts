import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BusyError } from './busy-error.ts';
import { type LockHolder, LockTable } from './lock-table.ts';

const one: LockHolder = { id: '1', type: 'config-patch' };
const two: LockHolder = { id: '2', type: 'config-apply' };

describe('LockTable', () => {
  it('gives all locks or none', () => {
    const locks = new LockTable();
    locks.acquire(['b'], one);
    assert.throws(() => locks.acquire(['a', 'b'], two), BusyError);
    locks.acquire(['a'], two);
    assert.equal(locks.blocker(['a'], one), two);
    assert.equal(locks.blocker(['a'], two), undefined);
    assert.equal(locks.blocker(['c'], one), undefined);
  });

  it('lets a holder take again what it has; it is free when all was given back', () => {
    const locks = new LockTable();
    const outer = locks.acquire(['a', 'a'], one);
    const inner = locks.acquire(['a'], one);
    inner();
    inner();
    assert.throws(() => locks.acquire(['a'], two), BusyError);
    outer();
    locks.acquire(['a'], two);
  });

  it('two runs of the same task are two holders', () => {
    const locks = new LockTable();
    const first = locks.acquire(['a'], { ...one });
    assert.throws(() => locks.acquire(['a'], { ...one }), BusyError);
    first();
    locks.acquire(['a'], { ...one });
    first();
    assert.throws(() => locks.acquire(['a'], { ...one }), BusyError, 'giving back twice frees nothing of others');
  });

  it('tells when something was given back', () => {
    let released = 0;
    const locks = new LockTable(() => {
      released += 1;
    });
    const release = locks.acquire(['a'], one);
    release();
    release();
    assert.equal(released, 1);
  });
});
