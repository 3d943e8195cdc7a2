import assert from 'node:assert/strict';
import { test } from 'node:test';
import { amountText, bytesText, durationText, middleCut, momentPair, momentText } from './human-text.ts';

test('bytes are told in powers of 1000, with one decimal below ten of a unit', () => {
  const told = [0, 999, 1000, 103_400, 9_949_000, 9_960_000, 41_000_000_000, 999_600_000_000, 1.25e12].map(bytesText);
  assert.deepEqual(told, ['0 B', '999 B', '1.0 kB', '103 kB', '9.9 MB', '10 MB', '41 GB', '1.0 TB', '1.3 TB']);
});

test('other amounts have commas and their unit', () => {
  assert.equal(amountText(16_350, 'blocks'), '16,350 blocks');
  assert.equal(amountText(114_296_320, 'bytes'), '114 MB');
});

test('durations are told in the largest unit of which there are two', () => {
  assert.deepEqual([0.4, 15, 119, 120, 7199, 7200, 172_799, 172_800].map(durationText), [
    '0 s',
    '15 s',
    '119 s',
    '2 min',
    '120 min',
    '2 h',
    '48 h',
    '2 days',
  ]);
});

test('a moment is told in the time zone of its schedule, without seconds that are zero', () => {
  assert.equal(momentText('2026-11-30T02:00:00.000Z', 'Europe/Berlin'), '2026-11-30 03:00 Europe/Berlin');
  assert.equal(momentText('2026-11-30T02:00:31.000Z', 'Etc/UTC'), '2026-11-30 02:00:31 UTC');
  assert.equal(momentText('2026-11-30T02:00:00.000Z', 'Mars/Olympus'), '2026-11-30 02:00 UTC');
  assert.equal(momentText('soon'), 'soon');
});

test('a long name keeps its beginning and its ordinal', () => {
  assert.equal(middleCut('sei-rpc-0', 11), 'sei-rpc-0');
  assert.equal(middleCut('archive-node-12', 11), 'archive\u2026-12');
});

test('two moments of a zone name it once, and the day of the second only if it is another', () => {
  const night = '2026-11-30T02:00:00.000Z';
  const berlin = 'Europe/Berlin';
  assert.deepEqual(momentPair(night, '2026-12-01T02:00:00Z', berlin), [
    '2026-11-30 03:00',
    '2026-12-01 03:00 Europe/Berlin',
  ]);
  // One day in Berlin, two days in UTC.
  assert.deepEqual(momentPair('2026-11-30T23:30:00Z', '2026-12-01T02:00:00Z', berlin), [
    '2026-12-01 00:30',
    '03:00 Europe/Berlin',
  ]);
  assert.deepEqual(momentPair(night, '2026-11-30T02:01:05Z'), ['2026-11-30 02:00', '02:01:05 UTC']);
  assert.deepEqual(momentPair('soon', night), ['soon', night]);
});
