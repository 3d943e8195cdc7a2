import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitFor } from './wait.ts';

test('answers the first value that is neither undefined nor false', async () => {
  const values = [undefined, false as const, 0, 1];
  assert.equal(await waitFor(() => values.shift(), { what: 'a value', timeoutMs: 1_000, intervalMs: 0 }), 0);
});

test('ends with what it waited for, an error of the probe, or the reason of its signal', async () => {
  const options = { what: 'the moon', timeoutMs: 10, intervalMs: 2 };
  await assert.rejects(
    waitFor(() => false, { ...options, detail: () => 'cloudy' }),
    { name: 'WaitTimeoutError', message: 'waited 10 ms for the moon: cloudy' },
  );
  await assert.rejects(
    waitFor(() => Promise.reject(new Error('broken')), options),
    /broken/,
  );
  await assert.rejects(
    waitFor(() => false, { ...options, signal: AbortSignal.abort(new Error('enough')) }),
    /enough/,
  );
});
