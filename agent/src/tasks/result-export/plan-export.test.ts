import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import type { ExportState } from './export-state.ts';
import { nothingToExport } from './nothing-to-export.ts';
import { type ExportPlan, pagesOf, planExport, type PlanInput } from './plan-export.ts';

const chainId = 'test-1';
const plan = (input: Partial<PlanInput> & { readonly latest: number; readonly earliest?: number }): ExportPlan => {
  const { latest, earliest = 1, ...rest } = input;
  return planExport({
    state: undefined,
    status: { chainId, earliestHeight: earliest, latestHeight: latest },
    rpcEndpoint: 'http://node:26657',
    pageSize: 100,
    partialPage: false,
    ...rest,
  });
};
const firstOf = (planned: ExportPlan): number => planned.from;

test('begins after what was exported, else at startHeight, else after the restored snapshot, else where the node begins', () => {
  const state: ExportState = { chainId, exported: 500 };
  const all = { latest: 9_000, earliest: 40, startHeight: 300, restoredHeight: 200 };
  assert.equal(firstOf(plan({ ...all, state })), 501);
  assert.equal(firstOf(plan(all)), 300);
  assert.equal(firstOf(plan({ ...all, startHeight: undefined })), 201);
  assert.equal(firstOf(plan({ latest: 9_000, earliest: 40 })), 40);
  assert.equal(firstOf(plan({ latest: 9_000, earliest: 40, restoredHeight: 20 })), 40);
  // Nodes that do not tell their earliest height say 0.
  assert.equal(firstOf(plan({ latest: 9_000, earliest: 0 })), 1);
});

test('goes on after what seictl exported, unless something was exported or a start is given', () => {
  const all = { latest: 9_000, earliest: 40, exportedBySeictl: 4_000, restoredHeight: 200 };
  assert.equal(firstOf(plan(all)), 4_001);
  assert.equal(firstOf(plan({ ...all, startHeight: 300 })), 300);
  assert.equal(firstOf(plan({ ...all, state: { chainId, exported: 500 } })), 501);
  assert.throws(() => plan({ ...all, earliest: 5_000 }), {
    code: 'blocks-pruned',
    message:
      /next block to export is 4001.*seictl exported up to 4000.*startHeight of at least 5000, which leaves a gap/,
  });
});

test('a gap is never skipped', () => {
  assert.throws(() => plan({ latest: 9_000, earliest: 502, state: { chainId, exported: 500 } }), {
    code: 'blocks-pruned',
    retriable: false,
    message: /next block to export is 501, and http:\/\/node:26657 has blocks from 502 only/,
  });
  assert.throws(() => plan({ latest: 9_000, earliest: 502, startHeight: 501 }), {
    code: 'blocks-pruned',
    message: /startHeight of at least 502/,
  });
  const begun = { chainId, exported: 500, begun: { from: 501, to: 550 } };
  assert.throws(() => plan({ latest: 9_000, earliest: 520, state: begun }), { code: 'blocks-pruned' });
  assert.equal(firstOf(plan({ latest: 9_000, earliest: 501, state: { chainId, exported: 500 } })), 501);
});

test('another chain is refused', () => {
  assert.throws(() => plan({ latest: 9_000, state: { chainId: 'other-1', exported: 5 } }), {
    code: 'chain-mismatch',
    message: /on chain test-1.*results of other-1/,
  });
});

const nothing = (reason: string, from: number, waiting: number, missing: number, latest: number) => ({
  kind: 'nothing',
  reason,
  from,
  waiting,
  missing,
  latest,
});

test('says why there is nothing to export, and how many blocks are missing', () => {
  const state: ExportState = { chainId, exported: 500 };
  assert.deepEqual(plan({ latest: 500, state }), nothing('no-new-blocks', 501, 0, 100, 500));
  assert.deepEqual(plan({ latest: 500, state, partialPage: true }), nothing('no-new-blocks', 501, 0, 1, 500));
  assert.deepEqual(plan({ latest: 599, state }), nothing('page-not-full', 501, 99, 1, 599));
  assert.deepEqual(plan({ latest: 400, state }), nothing('node-behind', 501, 0, 200, 400));
  assert.deepEqual(plan({ latest: 400, startHeight: 1_000 }), nothing('start-not-reached', 1_000, 0, 699, 400));
  const begun = { chainId, exported: 500, begun: { from: 501, to: 550 } };
  assert.deepEqual(plan({ latest: 520, state: begun }), nothing('node-behind', 501, 20, 30, 520));
});

const said = (input: Parameters<typeof plan>[0]): string => {
  const planned = plan(input);
  assert.ok(planned.kind === 'nothing');
  return nothingToExport(planned);
};

test('names the heights and what to do in the message of a run that exports nothing', () => {
  const state: ExportState = { chainId, exported: 500 };
  assert.equal(said({ latest: 500, state }), 'every block up to 500, the newest of the node, is exported');
  assert.match(said({ latest: 599, state }), /^99 blocks from 501 on wait for 1 more, .*: set partialPage/);
  assert.match(
    said({ latest: 400, state }),
    /^nothing exported: the node is at height 400, and the next page ends at 600: wait/,
  );
  assert.match(
    said({ latest: 400, startHeight: 1_000 }),
    /at height 400, and the first to export is 1000: wait .* correct startHeight$/,
  );
});

test('a page that was begun keeps its range, whatever the params say now', () => {
  const begun = { from: 501, to: 517 };
  const planned = plan({ latest: 9_000, state: { chainId, exported: 500, begun }, pageSize: 5, startHeight: 1 });
  assert.deepEqual(planned, { kind: 'pages', ...begun, pageSize: 17, exportable: 17 });
  assert.ok(planned.kind === 'pages');
  assert.deepEqual([...pagesOf(planned)], [begun]);
});

test('over any growth of the chain, restarts and changes of params: every height exactly once, in pages that are full', () => {
  const step = fc.record({
    growth: fc.nat({ max: 400 }),
    pageSize: fc.integer({ min: 1, max: 120 }),
    partialPage: fc.boolean(),
    /** How many pages of the plan are written before a crash, and whether it comes between the page and the state. */
    pages: fc.nat({ max: 5 }),
    isTorn: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.array(step, { maxLength: 30 }), (earliest, steps) => {
      let state: ExportState | undefined;
      let latest = earliest;
      // As at the destination: an object that is written again replaces itself.
      const objects = new Map<string, { from: number; to: number }>();
      for (const { growth, pageSize, partialPage, pages, isTorn } of steps) {
        latest += growth;
        const planned = plan({ latest, earliest, state, pageSize, partialPage });
        if (planned.kind === 'nothing') {
          assert.ok(planned.missing > 0);
          continue;
        }
        const begun = state?.begun;
        for (const page of [...pagesOf(planned)].slice(0, pages)) {
          const size = page.to - page.from + 1;
          assert.ok(size === pageSize || partialPage || begun !== undefined, JSON.stringify(page));
          const { exported } = state ?? {};
          state = { chainId, ...(exported === undefined ? {} : { exported }), begun: page };
          objects.set(`${page.from}-${page.to}`, page);
          if (isTorn) break;
          state = { chainId, exported: page.to };
        }
      }
      const heights = [...objects.values()].flatMap(({ from, to }) =>
        Array.from({ length: to - from + 1 }, (_, index) => from + index),
      );
      heights.sort((a, b) => a - b);
      assert.deepEqual(
        heights,
        heights.map((_, index) => earliest + index),
      );
    }),
    { numRuns: 300 },
  );
});

test('a plan ends after some pages, so that the node is asked again', () => {
  const planned = plan({ latest: 1_000_050, pageSize: 1_000, partialPage: true });
  assert.deepEqual(planned, { kind: 'pages', from: 1, to: 10_000, pageSize: 1_000, exportable: 1_000_050 });
  const large = plan({ latest: 1_000_050, pageSize: 100_000 });
  assert.deepEqual(large, { kind: 'pages', from: 1, to: 100_000, pageSize: 100_000, exportable: 1_000_000 });
});
