import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { IndexedCache } from './indexed-cache.ts';

interface Thing {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
  readonly tags: readonly string[];
}

const thing = (name: string, tags: readonly string[]): Thing => ({
  metadata: { namespace: 'n', name, uid: name, resourceVersion: '1' },
  tags,
});

const names = (things: readonly Thing[]): string[] => things.map(({ metadata }) => metadata.name).sort();

test('the index says at all times what a search through all objects would', () => {
  const tag = fc.constantFrom('x', 'y', 'z');
  const change = fc.record({ name: fc.constantFrom('a', 'b', 'c'), tags: fc.option(fc.uniqueArray(tag)) });
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const cache = new IndexedCache<Thing>({ tag: ({ tags }) => tags });
      const model = new Map<string, Thing>();
      for (const { name, tags } of changes) {
        if (tags === null) {
          cache.delete(`n/${name}`);
          model.delete(name);
        } else {
          cache.set(thing(name, tags));
          model.set(name, thing(name, tags));
        }
        for (const value of ['x', 'y', 'z']) {
          const expected = [...model.values()].filter(({ tags: all }) => all.includes(value));
          assert.deepEqual(names(cache.byIndex('tag', value)), names(expected));
        }
        assert.equal(cache.size, model.size);
        assert.deepEqual(names(cache.list()), names([...model.values()]));
      }
    }),
  );
});

test('an unknown index is a mistake of the caller', () => {
  assert.throws(() => new IndexedCache({ tag: () => [] }).byIndex('tags', 'x'), /no index "tags"; there are: tag/);
});
