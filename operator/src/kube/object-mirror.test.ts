import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordedMetrics, recordLog } from '../../test/support/recording.ts';
import { CacheBudget } from './cache-budget.ts';
import type { KubeObject } from './kube-object.ts';
import { ObjectMirror, type ObjectMirrorOptions } from './object-mirror.ts';

interface Thing extends KubeObject {
  readonly spec?: { readonly tags: readonly string[] };
}

const thing = (name: string, spec: Thing['spec'] | undefined, resourceVersion = '1'): Thing => ({
  metadata: { namespace: 'n', name, uid: name, resourceVersion },
  ...(spec === undefined ? {} : { spec }),
});

const good = { tags: ['x'] };

const setUp = (options: Partial<ObjectMirrorOptions<Thing>> = {}) => {
  const recorded = new RecordedMetrics();
  const { logger, lines } = recordLog();
  const mirror = new ObjectMirror<Thing>({
    resource: 'things',
    indexers: { tag: ({ spec }) => (spec as { readonly tags: readonly string[] }).tags },
    logger,
    metrics: recorded.metrics,
    ...options,
  });
  const changes: string[] = [];
  mirror.onChange((key, before, after) => {
    changes.push(`${key} ${before?.metadata.resourceVersion ?? '-'} ${after?.metadata.resourceVersion ?? '-'}`);
  });
  const names = (): readonly string[] => mirror.cache.byIndex('tag', 'x').map(({ metadata }) => metadata.name);
  return { mirror, recorded, lines, changes, names };
};

test('an object that an indexer cannot read is left out, named once, and the others are there', () => {
  const { mirror, recorded, lines, changes, names } = setUp();
  mirror.put(thing('a', good));
  for (const version of ['1', '2', '3']) assert.equal(mirror.put(thing('bad', undefined, version)), false);
  mirror.put(thing('b', good));
  assert.deepEqual(names(), ['a', 'b']);
  assert.equal(mirror.cache.get('n/bad'), undefined);
  assert.deepEqual(changes, ['n/a - 1', 'n/b - 1']);
  assert.equal(recorded.count('handlerFailed', 'things'), 3);
  assert.deepEqual(
    lines.map(({ fields }) => fields['key']),
    ['n/bad'],
  );
});

test('an object that can be read no more is known no more, until it can be read again', () => {
  const { mirror, changes, names } = setUp();
  mirror.put(thing('a', good, '1'));
  mirror.put(thing('a', undefined, '2'));
  assert.deepEqual(names(), []);
  assert.equal(mirror.cache.size, 0);
  mirror.put(thing('a', good, '3'));
  assert.deepEqual(names(), ['a']);
  assert.deepEqual(changes, ['n/a - 1', 'n/a 1 -', 'n/a - 3']);
});

const withSpec = (object: Thing): Thing => {
  if (object.spec === undefined) throw new Error('no spec');
  return object;
};

test('an object that transform cannot read is left out as well', () => {
  const { mirror, names } = setUp({ transform: withSpec });
  mirror.put(thing('bad', undefined));
  mirror.put(thing('a', good));
  assert.deepEqual(names(), ['a']);
});

test('objects for which there is no room are left out, and come in when there is', () => {
  const { mirror, lines, names } = setUp({ budget: new CacheBudget(2000) });
  const many = Array.from({ length: 100 }, (_, index) => `t${String(index)}`);
  for (const name of many) mirror.put(thing(name, good));
  const { size } = mirror.cache;
  assert.ok(size > 1 && size < 9, `${String(size)} objects`);
  assert.equal(names().length, size);
  assert.match(String(lines[0]?.fields['why']), /no room/);
  mirror.put(thing('t0', { tags: ['x', 'y'.repeat(2000)] }, '2'));
  assert.equal(mirror.cache.get('n/t0'), undefined, 'a version that is too large is not taken for the former one');
  for (const name of names()) mirror.remove(thing(name, good));
  for (const name of many.slice(50)) mirror.put(thing(name, good));
  assert.equal(mirror.cache.size, size, 'what has left takes no room');
});

test('the log names a thousand objects, and remembers no more of a flood', () => {
  const { mirror, lines } = setUp();
  for (let round = 0; round < 2; round += 1) {
    for (let index = 0; index < 500; index += 1) mirror.put(thing(`bad${String(index)}`, undefined));
  }
  assert.equal(lines.length, 500);
});
