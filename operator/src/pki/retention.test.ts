import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthority } from './certificate-authority.ts';
import { nextLeaving, retain, type RetainingBundle, sameBundle } from './retention.ts';

const hour = 3_600_000;
const start = Date.parse('2026-01-01T00:00:00Z');
const [first, second, third] = [0, 1, 2].map(
  (number) => createAuthority(start + number * hour, 100 * hour).certificate,
) as [
  ReturnType<typeof createAuthority>['certificate'],
  ReturnType<typeof createAuthority>['certificate'],
  ReturnType<typeof createAuthority>['certificate'],
];
const keepMs = 48 * hour;
const nothing: RetainingBundle = { certificates: [], leaving: new Map() };
const now = start + 10 * hour;

test('those in use are in the bundle, the oldest first, with no end', () => {
  const bundle = retain(nothing, [second, first, second], { now, keepMs });
  assert.deepEqual(bundle, { certificates: [first, second], leaving: new Map() });
  assert.equal(nextLeaving(bundle), undefined);
});

test('one that is in use no more stays until what it signed has ended, and the time does not begin anew', () => {
  const both = retain(nothing, [first, second], { now, keepMs });
  const leaving = retain(both, [second], { now, keepMs });
  assert.deepEqual(leaving.certificates, [first, second]);
  assert.equal(nextLeaving(leaving), now + keepMs);
  const later = retain(leaving, [second], { now: now + 47 * hour, keepMs });
  assert.ok(sameBundle(leaving, later));
  assert.deepEqual(retain(later, [second], { now: now + keepMs, keepMs }).certificates, [second]);
});

test('each has a time of its own', () => {
  const one = retain({ ...nothing, certificates: [first, second] }, [second], { now, keepMs });
  const two = retain(one, [third], { now: now + hour, keepMs });
  assert.deepEqual(two.certificates, [first, second, third]);
  assert.deepEqual([...two.leaving.values()], [now + keepMs, now + hour + keepMs]);
  assert.deepEqual(retain(two, [third], { now: now + keepMs, keepMs }).certificates, [second, third]);
});

test('one that comes back into use stays', () => {
  const leaving = retain({ ...nothing, certificates: [first, second] }, [second], { now, keepMs });
  assert.deepEqual(retain(leaving, [first], { now: now + hour, keepMs }).leaving.get(first.fingerprint256), undefined);
});

test('one that has ended itself is of no use to anybody', () => {
  const leaving = retain({ ...nothing, certificates: [first] }, [third], { now: start + 99 * hour, keepMs });
  assert.deepEqual(leaving.certificates, [first, third]);
  assert.equal(nextLeaving(leaving), start + 100 * hour);
  assert.deepEqual(retain(leaving, [third], { now: start + 100 * hour, keepMs }).certificates, [third]);
});

test('bundles differ by their certificates, and by when these leave', () => {
  const bundle: RetainingBundle = { certificates: [first], leaving: new Map([[first.fingerprint256, now]]) };
  assert.ok(sameBundle(bundle, { ...bundle }));
  assert.ok(!sameBundle(bundle, { ...bundle, leaving: new Map() }));
  assert.ok(!sameBundle(bundle, { ...bundle, certificates: [second] }));
});
