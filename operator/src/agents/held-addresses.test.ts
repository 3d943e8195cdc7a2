import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldAddresses } from './held-addresses.ts';

test('an address is known as long as a call needs it, and nothing is kept after', () => {
  const addresses = new HeldAddresses();
  const calls = ['10.0.0.1', '10.0.0.1'].map((address) => addresses.hold('a.example', address));
  const other = addresses.hold('b.example', 'fd00::1');
  assert.deepEqual(addresses.find('b.example'), { address: 'fd00::1', family: 6 });
  assert.equal(addresses.size, 2);
  other[Symbol.dispose]();
  calls.pop()?.[Symbol.dispose]();
  assert.deepEqual(addresses.find('a.example'), { address: '10.0.0.1', family: 4 });
  assert.equal(addresses.find('b.example'), undefined);
  calls.pop()?.[Symbol.dispose]();
  assert.equal(addresses.size, 0);
});

test('the newest call says where a pod is, and keeps it there while it runs', () => {
  const addresses = new HeldAddresses();
  const first = addresses.hold('a.example', '10.0.0.1');
  const second = addresses.hold('a.example', '10.0.0.2');
  assert.equal(addresses.find('a.example')?.address, '10.0.0.2');
  first[Symbol.dispose]();
  assert.equal(addresses.find('a.example')?.address, '10.0.0.2');
  second[Symbol.dispose]();
  assert.equal(addresses.size, 0);
});
