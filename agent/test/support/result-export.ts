import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { systemClock } from '@nodetask/runtime';
import type { ResultExportParams } from '@nodetask/shared';
import type { ChainNode, S3Server } from '@nodetask/testbed';
import type { TaskHandler } from '../../src/engine/task-handler.ts';
import { createEgress } from '../../src/node/testing/loopback-egress.ts';
import { nodeHome } from '../../src/node/node-home.ts';
import { createRpcClient } from '../../src/node/rpc-client.ts';
import { resultExport } from '../../src/tasks/result-export/result-export.ts';
import type { ExportTuning } from '../../src/tasks/result-export/tuning.ts';
import { testBucket } from './object-store.ts';

export interface HandlerSettings {
  /** Default: a folder of the test's. */
  readonly home?: string;
  readonly nodeRPC: string;
  readonly tuning?: Partial<ExportTuning>;
}

export const makeHome = async (t: TestContext): Promise<string> => {
  const home = await mkdtemp(join(tmpdir(), 'nodetask-export-'));
  t.after(() => rm(home, { recursive: true, force: true }));
  return home;
};

/** The handler with the home and the state of one agent. */
export const exportHandler = async (
  t: TestContext,
  { nodeRPC, tuning, ...settings }: HandlerSettings,
): Promise<TaskHandler<ResultExportParams>> => {
  const home = settings.home ?? (await makeHome(t));
  const egress = createEgress({ nodeRPC, allowHosts: ['127.0.0.1'] });
  t.after(() => egress.close());
  return resultExport({
    home: nodeHome(home),
    stateFolder: join(home, '.nodetask'),
    nodeRPC,
    egress,
    rpc: createRpcClient(egress, systemClock),
    clock: systemClock,
    ...(tuning === undefined ? {} : { tuning }),
  });
};

export interface ExportedBlock {
  readonly height: number;
  readonly exportedAt: string;
  readonly results: unknown;
}

export interface ExportedPage {
  readonly key: string;
  readonly from: number;
  readonly to: number;
  readonly blocks: readonly ExportedBlock[];
}

interface Line {
  readonly height: number;
  readonly exported_at: string;
  readonly block_results: { readonly height: string };
}

/** Every page below the prefix in the order of heights; each holds what its name says, line by line. */
export const readPages = async (s3: S3Server, prefix: string): Promise<readonly ExportedPage[]> => {
  const pages: ExportedPage[] = [];
  for (const { key } of await s3.files.list(testBucket, prefix)) {
    const [, from, to] = /(\d+)-(\d+)\.ndjson\.gz$/.exec(key) ?? assert.fail(`${key} is no page`);
    const text = gunzipSync(await s3.files.get(testBucket, key)).toString();
    assert.ok(text.endsWith('\n'), key);
    const blocks = text
      .slice(0, -1)
      .split('\n')
      .map((line) => {
        const { height, exported_at: exportedAt, block_results: results } = JSON.parse(line) as Line;
        assert.equal(results.height, String(height));
        assert.match(exportedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        return { height, exportedAt, results };
      });
    const page = { key, from: Number(from), to: Number(to), blocks };
    const heights = Array.from({ length: page.to - page.from + 1 }, (_, index) => page.from + index);
    assert.deepEqual(
      blocks.map(({ height }) => height),
      heights,
      key,
    );
    pages.push(page);
  }
  return pages.toSorted((a, b) => a.from - b.from);
};

/** Asserts that the pages hold every height from `from` on exactly once; answers the last. */
export const assertComplete = (pages: readonly ExportedPage[], from: number): number => {
  let next = from;
  for (const page of pages) {
    assert.equal(page.from, next, `a page from ${next} is missing or double: ${pages.map(({ key }) => key).join(' ')}`);
    next = page.to + 1;
  }
  return next - 1;
};

/** Asserts that some exported blocks are what the node says. */
export const assertFaithful = async (pages: readonly ExportedPage[], node: ChainNode): Promise<void> => {
  const blocks = pages.flatMap((page) => page.blocks);
  for (const { height, results } of [blocks.at(0), blocks.at(blocks.length >> 1), blocks.at(-1)].filter(
    (block) => block !== undefined,
  )) {
    assert.deepEqual(results, await node.rpc(`/block_results?height=${height}`));
  }
};
