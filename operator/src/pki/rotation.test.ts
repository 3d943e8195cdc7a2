import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthority } from './certificate-authority.ts';
import { type Authorities, planRotation, rotate } from './rotation.ts';

const day = 86_400_000;
const start = Date.parse('2026-01-01T00:00:00Z');
const lifetimeMs = 360 * day;
const at = (days: number): number => start + days * day;

const signing: Authorities = { signer: createAuthority(start, lifetimeMs) };
const staged: Authorities = { ...signing, next: createAuthority(at(240), lifetimeMs) };

test('nothing happens for two thirds of the life of a CA', () => {
  assert.deepEqual(planRotation(signing, { now: at(0), published: true }), { step: 'rest', until: at(240) });
  assert.deepEqual(planRotation(signing, { now: at(239.9), published: true }), { step: 'rest', until: at(240) });
});

test('then the next one is made, and signs after five sixths', () => {
  assert.deepEqual(planRotation(signing, { now: at(240), published: true }), { step: 'stage' });
  assert.deepEqual(planRotation(staged, { now: at(299.9), published: true }), { step: 'rest', until: at(300) });
  assert.deepEqual(planRotation(staged, { now: at(300), published: true }), { step: 'promote' });
});

test('the next one signs nothing before everybody can know it, unless the end of the first is near', () => {
  const now = at(300);
  assert.deepEqual(planRotation(staged, { now, published: false }), { step: 'rest', until: now + 10_000 });
  assert.deepEqual(planRotation(staged, { now: at(329.9), published: false }).step, 'rest');
  assert.deepEqual(planRotation(staged, { now: at(330), published: false }), { step: 'promote' });
});

test('one that is made late is known for half of what is left before it signs', () => {
  const late: Authorities = { ...signing, next: createAuthority(at(340), lifetimeMs) };
  assert.deepEqual(planRotation(late, { now: at(349), published: true }), { step: 'rest', until: at(350) });
  assert.deepEqual(planRotation(late, { now: at(350), published: true }), { step: 'promote' });
});

test('a CA that has ended is replaced at once: nothing works any more that could be disturbed', () => {
  for (const authorities of [signing, staged]) {
    assert.deepEqual(planRotation(authorities, { now: at(360), published: false }), { step: 'replace' });
  }
});

test('a step changes who signs as it says', () => {
  const options = { now: at(240), lifetimeMs };
  assert.deepEqual(rotate(staged, 'rest', options), staged);
  const after = rotate(signing, 'stage', options);
  assert.equal(after.signer, signing.signer);
  assert.equal(after.next?.certificate.validToDate.getTime(), at(600));
  assert.deepEqual(rotate(staged, 'promote', options), { signer: staged.next });
  assert.deepEqual(rotate(staged, 'replace', options), { signer: staged.next });
  const { signer, next } = rotate(signing, 'replace', options);
  assert.notEqual(signer.certificate.fingerprint256, signing.signer.certificate.fingerprint256);
  assert.equal(next, undefined);
});

test('a next one that has ended too, as nobody was there for years, is replaced as well', () => {
  const { signer } = rotate(staged, 'replace', { now: at(700), lifetimeMs });
  assert.equal(signer.certificate.validToDate.getTime(), at(700) + lifetimeMs);
});

test('both can be told apart by their names', () => {
  assert.notEqual(staged.signer.certificate.subject, staged.next?.certificate.subject);
  assert.match(staged.signer.certificate.subject, /^CN=NodeTask CA [0-9a-f]{16}$/);
});
