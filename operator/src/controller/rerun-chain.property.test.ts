import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import * as fc from 'fast-check';
import { fanOut, oneShot, start } from './testing/fixtures.ts';
import { World } from './testing/world.ts';

/**
 * A chain of NodeTasks, each of which depends on the one before, whose first has failed; one commit corrects it and gives all of them another runID.
 * Each has its own pod, agent and operator process, which may die at any time.
 */
class Link extends World {
  readonly #before: Link | undefined;

  constructor(name: string, spec: NodeTask['spec'], before: Link | undefined) {
    super({ ...spec, ...(before === undefined ? {} : { dependsOn: [before.nodeTask.metadata.name] }) }, ['sei-0']);
    const { metadata } = this.nodeTask;
    const uid = `0c5ab1a5-7e0a-4d83-9d70-00000000000${name.slice(-1)}`;
    this.nodeTask = { ...this.nodeTask, metadata: { ...metadata, name, uid } };
    this.#before = before;
  }

  override dependencies(): ReadonlyMap<string, NodeTask> {
    const found = new Map<string, NodeTask>();
    let link = this.#before;
    while (link !== undefined) {
      found.set(link.nodeTask.metadata.name, link.nodeTask);
      link = link.#before;
    }
    return found;
  }

  get message(): string {
    return this.nodeTask.status?.conditions?.[0]?.message ?? '';
  }
}

const isSchedule = { ...oneShot, async: { schedule: { cron: '0 3 * * *' } } };

class Chain {
  readonly links: readonly Link[];
  now = start;

  constructor(spec: NodeTask['spec'], last: NodeTask['spec']) {
    const links: Link[] = [];
    for (const name of ['ch-1', 'ch-2', 'ch-3'])
      links.push(new Link(name, name === 'ch-3' ? last : spec, links.at(-1)));
    this.links = links;
  }

  at(index: number): Link {
    const link = this.links[index];
    if (link === undefined) throw new Error(`there is no link ${index}`);
    return link;
  }

  pass(seconds: number): void {
    this.now += seconds * 1000;
    for (const link of this.links) link.now = this.now;
  }

  /** One look at a link; whatever its agent runs has ended by the next. */
  look(index: number, ends?: 'file-missing'): void {
    const link = this.at(index);
    const { status } = link.reconcile();
    if (status !== undefined) this.checkQuotes(link);
    if (link.nodeTask.spec.async === undefined) link.end('sei-0', ends);
    link.report('sei-0');
  }

  /** All of them until nothing moves any more. */
  settle(ends?: 'file-missing'): void {
    for (let round = 0; round < 8; round++) for (const [index] of this.links.entries()) this.look(index, ends);
  }

  /** What is said of a dependency's error is what it says itself, unless that was the end. */
  checkQuotes(link: Link): void {
    const [before] = link.dependencies().values();
    const { status, spec } = link.nodeTask;
    if (before === undefined || link.ended || status?.runID !== spec.runID) return;
    if (!link.message.includes('boom') && !link.message.includes('file-missing')) return;
    assert.equal(before.status?.phase, 'Failed', link.message);
    assert.equal(before.status.runID, before.spec.runID, link.message);
  }
}

const orders: readonly (readonly number[])[] = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];

/** Looks and passing time between the documents of the commit. */
const between = fc.array(
  fc.oneof(
    fc.record({ look: fc.nat(2) }),
    fc.record({ seconds: fc.constantFrom(0, 0.2, 1) }),
    fc.record({ restart: fc.nat(2) }),
  ),
  { maxLength: 8 },
);

const happen = (chain: Chain, steps: readonly { look?: number; seconds?: number; restart?: number }[]): void => {
  for (const { look, seconds, restart } of steps) {
    if (look !== undefined) chain.look(look);
    if (seconds !== undefined) chain.pass(seconds);
    if (restart !== undefined) chain.at(restart).restartOperator();
  }
};

const phases = (chain: Chain): readonly (string | undefined)[] => chain.links.map(({ phase }) => phase);

describe('a chain that is run again by one commit comes right', () => {
  for (const order of orders) {
    for (const [what, last] of Object.entries({ 'one-shots': oneShot, 'a schedule at its end': isSchedule })) {
      for (const failed of [true, false]) {
        const name = order.map((index) => index + 1).join(', ');
        test(`in the order ${name}, after it had ${failed ? 'failed' : 'succeeded'}, with ${what}`, () => {
          fc.assert(
            fc.property(fc.tuple(between, between, between), (steps) => {
              const chain = new Chain(oneShot, last);
              chain.settle(failed ? 'file-missing' : undefined);
              chain.pass(31);
              chain.settle(failed ? 'file-missing' : undefined);
              chain.pass(600);
              for (const [position, index] of order.entries()) {
                chain.at(index).changeRunID('2');
                happen(chain, steps[position] ?? []);
              }
              chain.settle();
              chain.pass(11);
              chain.settle();
              assert.deepEqual(phases(chain), ['Succeeded', 'Succeeded', last === oneShot ? 'Succeeded' : 'Scheduled']);
              for (const [index, { nodeTask }] of chain.links.entries()) {
                const before = index === 0 ? '' : (chain.at(index - 1).nodeTask.status?.completedAt ?? '');
                assert.equal(nodeTask.status?.runID, '2');
                assert.ok((nodeTask.status.startedAt ?? '') >= before, 'none began before the one that it depends on');
              }
            }),
            { numRuns: 8 },
          );
        });
      }
    }
  }
});

test('a chain whose first fails has failed as a whole, within a time that is bounded', () => {
  for (const spec of [oneShot, { ...fanOut }]) {
    const chain = new Chain(spec, spec);
    chain.settle('file-missing');
    chain.pass(31);
    chain.settle('file-missing');
    assert.deepEqual(phases(chain), ['Failed', 'Failed', 'Failed']);
  }
});
