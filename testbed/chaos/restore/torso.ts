// Has a node of the Cosmos SDK leave a torso: the folder of a snapshot that it had not finished when it was killed.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChainNode } from '../../src/chain/chain-node.ts';
import { nextEntry } from './next-entry.ts';

/** A snapshot may be done before the kill comes. */
const tries = 6;
const snapshotMs = 60_000;

/** Kills the node so long after it has begun a snapshot, and starts it again. Answers the height of the torso. */
export const leaveTorso = async (node: ChainNode, afterMs: number): Promise<number> => {
  let pauseMs = afterMs;
  for (let count = 0; count < tries; count += 1) {
    const folder = join(node.home, 'data', 'snapshots');
    const newest = Math.max(...(await readdir(folder)).map(Number).filter(Number.isInteger));
    // The node also removes its oldest ones.
    using entry = nextEntry(folder, (name) => Number(name) > newest);
    const height = Number(await within(entry.came));
    await sleep(pauseMs);
    await node.process.kill();
    const finished = (await snapshotsOf(node)).includes(height);
    await node.start();
    if (!finished) return height;
    pauseMs = Math.floor(pauseMs / 2);
  }
  throw new Error(`the node at ${node.address} finished ${tries} snapshots before it could be killed`);
};

/** The heights of the snapshots that the node says it has finished, in all of its starts. */
export const snapshotsOf = async (node: ChainNode): Promise<readonly number[]> =>
  [...(await node.process.log()).matchAll(/completed state snapshot format=\d+ height=(\d+)/g)].map(([, height]) =>
    Number(height),
  );

const within = async (entry: Promise<string>): Promise<string> => {
  const timer = new AbortController();
  try {
    return await Promise.race([
      entry,
      sleep(snapshotMs, undefined, { signal: timer.signal }).then(() => {
        throw new Error(`no snapshot was begun within ${snapshotMs} ms`);
      }),
    ]);
  } finally {
    timer.abort();
  }
};
