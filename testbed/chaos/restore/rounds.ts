/**
 * `npm run chaos -- snapshot-restore [rounds] [seed]`: rounds of snapshot, upload, restore elsewhere, start and follow on a chain of the Cosmos SDK,
 * while agents, operator, nodes and the way to the store are killed and cut. Exits with 0 only if each round ends with a node that follows or with
 * a task that says why it failed. Three of them are part of `npm test`, twenty of `npm run deep`.
 */
import { startCluster } from '../../src/cluster.ts';
import { startS3 } from '../../src/s3.ts';
import { startSdkChain } from '../../src/sdk-chain.ts';
import { playRounds, roundsChain, roundsCluster } from './play-rounds.ts';

const rounds = Number(process.argv[2] ?? 20);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const log = (line: string): void => {
  process.stderr.write(`${(performance.now() / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
};

await using parts = new AsyncDisposableStack();
const bucket = 'rounds';
const s3 = parts.use(await startS3({ buckets: [bucket] }));
const cluster = parts.use(await startCluster(roundsCluster));
const chain = parts.use(await startSdkChain(roundsChain));
log(`${rounds} rounds, seed ${seed}`);
const reports = await playRounds({ cluster, chain, s3, bucket }, { seed, rounds, log });
const wrong = reports.filter(({ faults }) => faults.length > 0);
for (const { number, says, faults } of wrong)
  process.stdout.write(`✘ round ${number}: ${says}: ${faults.join('; ')}\n`);
process.stdout.write(
  wrong.length === 0
    ? `${rounds} rounds ended well.\n`
    : `${wrong.length} of ${rounds} rounds did not; seed ${seed}.\n`,
);
process.exitCode = wrong.length === 0 ? 0 : 1;
