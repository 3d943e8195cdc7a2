import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { recordLog } from '../../test/support/recording.ts';
import { checkReadiness, type Mirror, waitForSync } from './informer-health.ts';

const mirror = (lastError?: string): { mirror: Mirror; sync: () => void } => {
  const synced = Promise.withResolvers<void>();
  let isSynced = false;
  return {
    mirror: {
      synced: synced.promise,
      health: () => ({
        resource: 'pods',
        synced: isSynced,
        lastActivityAgeMs: 4000,
        ...(lastError !== undefined && { lastError }),
      }),
    },
    sync: () => {
      isSynced = true;
      synced.resolve();
    },
  };
};

test('rule 14: workers wait for all caches; after 2 min the log says what is wrong, readiness at once', async () => {
  const clock = new FakeClock();
  const { logger, lines } = recordLog();
  const good = mirror();
  const bad = mirror('GET /api/v1/pods: 403 Forbidden: no');
  let started = false;
  const wait = async (): Promise<void> => {
    await waitForSync([good.mirror, bad.mirror], { clock, logger, signal: new AbortController().signal });
    started = true;
  };
  const waiting = wait();
  good.sync();
  await clock.advance(119_999);
  assert.equal(lines.length, 0);
  const check = checkReadiness([good.mirror, bad.mirror]);
  assert.ok(!check.ok);
  assert.equal(check.reason, 'pods: not synced, 4 s since it last did something: GET /api/v1/pods: 403 Forbidden: no');
  await clock.advance(1);
  assert.match(String(lines[0]?.fields['reason']), /403 Forbidden/);
  assert.equal(started, false);
  bad.sync();
  await waiting;
  assert.deepEqual(checkReadiness([good.mirror, bad.mirror]), { ok: true });
  assert.equal(clock.pendingTimers, 0);
});

test('the wait ends with its signal', async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const { logger } = recordLog();
  const failed = assert.rejects(waitForSync([mirror().mirror], { clock, logger, signal: stop.signal }), /stopping/);
  stop.abort(new Error('stopping'));
  await failed;
  assert.equal(clock.pendingTimers, 0);
});
