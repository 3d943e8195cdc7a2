import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentOptions, Dispatchers } from './dispatchers.ts';

test('connections are made as rule 1 says', () => {
  const rest = agentOptions('rest', { ca: 'CA' });
  const watch = agentOptions('watch', { ca: 'CA' });
  const connect = { timeout: 10_000, keepAlive: true, keepAliveInitialDelay: 30_000, ca: 'CA' };
  for (const options of [rest, watch]) {
    assert.equal(options.allowH2, false);
    assert.equal(options.headersTimeout, 30_000);
    assert.deepEqual(options.connect, connect);
  }
  assert.deepEqual([rest.bodyTimeout, watch.bodyTimeout], [30_000, 0]);
  assert.deepEqual([rest.connections, watch.connections], [16, null]);
});

test('agents are kept while CA and certificate stay the same, and made anew when they change', async () => {
  const dispatchers = new Dispatchers();
  const first = dispatchers.get('rest', { ca: 'A' });
  assert.equal(dispatchers.get('rest', { ca: 'A' }), first);
  const second = dispatchers.get('rest', { ca: 'B' });
  assert.notEqual(second, first);
  assert.ok(first.closed);
  await dispatchers.close();
  assert.ok(second.destroyed);
});
