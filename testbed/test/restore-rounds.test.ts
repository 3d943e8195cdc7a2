import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCluster, startS3, startSdkChain } from '@nodetask/testbed';
import { playRounds, roundsChain, roundsCluster } from '../chaos/restore/play-rounds.ts';
import { loadConfig } from '../src/config.ts';

test(
  'in rounds of snapshot, upload and restore with kills in between, each ends with a node that follows or with a task that says why it failed',
  { timeout: 480_000 },
  async (t) => {
    const seed = loadConfig().chaosSeed ?? Date.now() % 1_000_000;
    t.diagnostic(`npm run chaos -- snapshot-restore 3 ${seed} repeats it`);
    await using parts = new AsyncDisposableStack();
    const bucket = 'rounds';
    const s3 = parts.use(await startS3({ buckets: [bucket] }));
    const [cluster, chain] = await Promise.all([startCluster(roundsCluster), startSdkChain(roundsChain)]);
    parts.use(cluster);
    parts.use(chain);
    const log = (line: string): void => {
      t.diagnostic(line);
    };
    const reports = await playRounds({ cluster, chain, s3, bucket }, { seed, rounds: 3, log });
    assert.deepEqual(
      reports.flatMap(({ number, faults }) => faults.map((fault) => `round ${number}: ${fault}`)),
      [],
      `seed ${seed}`,
    );
    // One of the three was made impossible.
    assert.deepEqual(reports.map(({ end }) => end).toSorted(), ['failed', 'follows', 'follows'], `seed ${seed}`);
  },
);
