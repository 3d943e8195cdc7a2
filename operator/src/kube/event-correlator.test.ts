import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { defaultEventLimits, EventCorrelator, type EventSeries } from './event-correlator.ts';
import type { EventRecord } from './event-record.ts';
import { microTime } from './micro-time.ts';

const record = (note: string, name = 'task', uid = 'u'): EventRecord => ({
  regarding: { apiVersion: 'nodetask.dev/v1alpha1', kind: 'NodeTask', namespace: 'n', name, uid },
  type: 'Normal',
  reason: 'Dispatched',
  action: 'Dispatch',
  note,
});

const setUp = (limits = {}): { clock: FakeClock; correlator: EventCorrelator } => {
  const clock = new FakeClock();
  return { clock, correlator: new EventCorrelator({ clock, random: () => 0.5 }, { ...defaultEventLimits, ...limits }) };
};

const asSeries = (added: ReturnType<EventCorrelator['add']>): EventSeries => {
  assert.ok(typeof added === 'object', `not a series: ${JSON.stringify(added)}`);
  return added;
};

test('the same event again raises the count of its series, another note is another series', () => {
  const { correlator } = setUp();
  const series = asSeries(correlator.add(record('one')));
  assert.equal(correlator.add(record('one')), 'counted', 'still waiting to be written');
  series.queued = false;
  assert.equal(correlator.add(record('one')), series);
  assert.equal(series.count, 3);
  assert.notEqual(asSeries(correlator.add(record('two'))), series);
  assert.notEqual(asSeries(correlator.add(record('one', 'task', 'other'))), series);
});

test('a series ends after 6 min of silence', async () => {
  const { clock, correlator } = setUp();
  const series = asSeries(correlator.add(record('one')));
  series.queued = false;
  await clock.advance(360_000);
  assert.equal(correlator.add(record('one')), series);
  series.queued = false;
  await clock.advance(360_001);
  assert.notEqual(correlator.add(record('one')), series);
});

test('an object has 25 writes, then one in 5 min; others are not touched by that', async () => {
  const { clock, correlator } = setUp();
  for (let count = 0; count < 25; count += 1) asSeries(correlator.add(record(`note ${String(count)}`)));
  assert.equal(correlator.add(record('too much')), 'limited');
  asSeries(correlator.add(record('other', 'other', 'other')));
  await clock.advance(300_000);
  asSeries(correlator.add(record('now')));
  assert.equal(correlator.add(record('too much')), 'limited');
});

test('a note is cut to 1 KiB of whole characters', () => {
  const { correlator } = setUp();
  const note = asSeries(correlator.add(record(`a${'ä'.repeat(600)}`))).record.note;
  assert.equal(note, `a${'ä'.repeat(511)}`);
  assert.ok(new TextEncoder().encode(note).length <= 1024);
});

test('what is reported in the same millisecond keeps its order, by time and by name', async () => {
  const { clock, correlator } = setUp();
  const inOneMillisecond = ['one', 'two', 'three'].map((note) => asSeries(correlator.add(record(note))));
  await clock.advance(1);
  const inOrder = [...inOneMillisecond, asSeries(correlator.add(record('four')))];
  for (const key of [({ firstAt }: EventSeries) => microTime(firstAt), ({ name }: EventSeries) => name]) {
    const keys = inOrder.map(key);
    assert.deepEqual(keys.toSorted(), keys);
    assert.equal(new Set(keys).size, keys.length);
  }
});

test('names are legal, whatever the name of the object', () => {
  const { correlator } = setUp();
  const names = ['a', `${'a'.repeat(252)}b`, `${'a'.repeat(230)}${'.-'.repeat(10)}a`];
  for (const name of names) {
    const series = asSeries(correlator.add(record('n', name, name)));
    assert.ok(series.name.length <= 253);
    assert.match(series.name, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
  }
});

test('what is remembered is bounded', () => {
  const { correlator } = setUp({ remembered: 2 });
  const first = asSeries(correlator.add(record('one', 'a', 'a')));
  first.queued = false;
  correlator.add(record('one', 'b', 'b'));
  correlator.add(record('one', 'c', 'c'));
  assert.notEqual(asSeries(correlator.add(record('one', 'a', 'a'))), first);
});
