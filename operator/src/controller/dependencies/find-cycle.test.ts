import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { NodeTask } from '@nodetask/shared';
import { nodeTask, oneShot } from '../testing/fixtures.ts';
import { findCycle } from './find-cycle.ts';
import { gatherDependencies } from './gather-dependencies.ts';

type Graph = Readonly<Record<string, readonly string[]>>;

const task = (name: string, dependsOn: readonly string[], status?: NodeTask['status']): NodeTask =>
  nodeTask({ ...oneShot, dependsOn: [...dependsOn] }, status, { name });

/** The cycle of one of the tasks of a graph, as the operator finds it. */
const cycleOf = (graph: Graph, name: string, finished: readonly string[] = []): readonly string[] | undefined => {
  const tasks = new Map(
    Object.entries(graph).map(([own, names]) => [
      `sei/${own}`,
      task(own, names, finished.includes(own) ? { observedGeneration: 1, phase: 'Succeeded' } : undefined),
    ]),
  );
  const start = tasks.get(`sei/${name}`);
  assert.ok(start);
  return findCycle(start, gatherDependencies({ nodeTask: (key) => tasks.get(key) }, start));
};

test('there is none where all comes to an end, or to what does not exist', () => {
  const graph = { a: ['b', 'c'], b: ['d'], c: ['d', 'missing'], d: [] };
  for (const name of Object.keys(graph)) assert.equal(cycleOf(graph, name), undefined);
});

test('names the way back to itself', () => {
  const graph = { a: ['x', 'b'], b: ['c'], c: ['a'], x: [] };
  assert.deepEqual(cycleOf(graph, 'a'), ['a', 'b', 'c', 'a']);
  assert.deepEqual(cycleOf(graph, 'c'), ['c', 'a', 'b', 'c']);
});

test('a task that depends on itself is one', () => {
  assert.deepEqual(cycleOf({ a: ['a'] }, 'a'), ['a', 'a']);
});

test('who waits for tasks in a cycle is not in it', () => {
  assert.equal(cycleOf({ a: ['b'], b: ['c'], c: ['b'] }, 'a'), undefined);
});

test('what has finished holds up nobody', () => {
  assert.equal(cycleOf({ a: ['b'], b: ['a'] }, 'a', ['b']), undefined);
});

test('a chain of ten thousand is walked within bounds', () => {
  const graph = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`t${n}`, [`t${n + 1}`]]));
  assert.equal(cycleOf(graph, 't0'), undefined);
});

test('each step of a cycle that is found is a dependency, and one is found where there is one', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
  const graph = fc.record(
    Object.fromEntries(names.map((name) => [name, fc.uniqueArray(fc.constantFrom<string>(...names))])),
  );
  const reaches = (from: string, to: string, edges: Graph, seen = new Set<string>()): boolean =>
    (edges[from] ?? []).some((next) => next === to || (!seen.has(next) && reaches(next, to, edges, seen.add(next))));
  fc.assert(
    fc.property(graph, (any) => {
      for (const name of names) {
        const cycle = cycleOf(any, name);
        assert.equal(cycle !== undefined, reaches(name, name, any));
        if (cycle === undefined) continue;
        assert.equal(cycle[0], name);
        assert.equal(cycle.at(-1), name);
        for (const [index, step] of cycle.slice(1).entries()) assert.ok(any[cycle[index] ?? '']?.includes(step));
      }
    }),
  );
});
