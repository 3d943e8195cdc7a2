import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { firstToGo, type Place } from './first-to-go.ts';

const place = (name: string, of: Partial<Place> = {}) => ({
  name,
  address: '10.0.0.1',
  standing: 'unknown' as const,
  requests: 0,
  ...of,
});

const named = (...places: readonly ReturnType<typeof place>[]): string | undefined => firstToGo(places)?.name;

describe('the connection that gives way', () => {
  test('is the oldest', () => {
    assert.equal(named(place('old'), place('new')), 'old');
  });

  test('is one of the address that has the most, however old others are', () => {
    const few = [place('a'), place('b')];
    const many = ['c', 'd', 'e'].map((name) => place(name, { address: '10.0.0.2' }));
    assert.equal(named(...few, ...many), 'c');
  });

  test('waits for no answer, as long as there is such a one', () => {
    assert.equal(named(place('busy', { requests: 1 }), place('idle')), 'idle');
    assert.equal(named(place('busy', { requests: 1 }), place('busy too', { requests: 1 })), 'busy');
  });

  test('is of unknown standing before it is one that was served, also where that address has more', () => {
    const served = ['a', 'b'].map((name) => place(name, { address: '10.0.0.2', standing: 'served' }));
    assert.equal(named(...served, place('unknown')), 'unknown');
    assert.equal(named(...served), 'a');
  });

  test('is never a proven one', () => {
    assert.equal(named(place('proven', { standing: 'proven' })), undefined);
    assert.equal(named(), undefined);
  });
});
