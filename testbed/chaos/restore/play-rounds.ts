// Rounds of snapshot, upload, restore elsewhere, start and follow, with kills in between. Each must end in one of two ways.
import { seededRandom } from '../random.ts';
import { playRound } from './play-round.ts';
import type { RoundReport } from './play-round.ts';
import { planRounds } from './round-plan.ts';
import { setRoundsStage } from './rounds-stage.ts';
import type { RoundsServers } from './rounds-stage.ts';

export interface RoundsOptions {
  readonly seed: number;
  readonly rounds: number;
  /** Progress, a line each. */
  readonly log: (line: string) => void;
}

/** How the servers must be started: with a state that makes an archive take a while, and an operator that is back at once. */
export const roundsCluster = { operator: { leaderElect: false } } as const;
export const roundsChain = { fillerMiB: 4, snapshotInterval: 20, timeoutCommit: '100ms' } as const;

/** Plays the rounds on servers that run. A round with a fault does not keep the next one from being played. */
export const playRounds = async (
  servers: RoundsServers,
  { seed, rounds, log }: RoundsOptions,
): Promise<readonly RoundReport[]> => {
  await using stage = await setRoundsStage(servers);
  const reports: RoundReport[] = [];
  for (const round of planRounds(rounds, seededRandom(seed))) reports.push(await playRound(stage, round, log));
  return reports;
};
