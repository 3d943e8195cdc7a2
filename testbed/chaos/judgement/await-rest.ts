// After the last fault: looks again and again until every NodeTask is at rest where it must be, and that none lags behind its agents.
import { setTimeout as sleep } from 'node:timers/promises';
import { crashedTwice, type Kills } from './crashed-twice.ts';
import type { Snapshot } from './snapshot.ts';
import { type Applied, restFaults, stalePhase, staleRows } from './status-faults.ts';

export interface Rest {
  readonly seconds: number;
  /** Not at rest when the time was over. */
  readonly restless: readonly string[];
  /** Behind their agents for longer than allowed, at any look. */
  readonly stale: readonly string[];
}

export interface RestOptions {
  readonly timeoutMs: number;
  readonly kills: Kills;
  /** How long a status may lag behind what an agent says. */
  readonly freshMs: number;
  readonly log: (line: string) => void;
}

const lookMs = 1_000;

export const awaitRest = async (
  applied: readonly Applied[],
  look: () => Promise<Snapshot>,
  { timeoutMs, kills, freshMs, log }: RestOptions,
): Promise<Rest> => {
  const calmSince = Date.now();
  const stale = new Map<string, string>();
  for (;;) {
    const snapshot = await look();
    const crashed = crashedTwice(applied, snapshot, kills);
    const freshness = { calmSince, freshMs, crashed };
    for (const one of applied) {
      const [behind] = [...staleRows(one, snapshot, freshness), ...stalePhase(one, snapshot, freshness)];
      if (behind !== undefined) stale.set(one.task.name, behind);
    }
    const restless = applied.flatMap((one) => restFaults(one, snapshot, crashed));
    const seconds = (Date.now() - calmSince) / 1000;
    if (restless.length === 0 || seconds * 1000 > timeoutMs) return { seconds, restless, stale: [...stale.values()] };
    log(`calm for ${Math.round(seconds)} s, ${restless.length} to go: ${restless[0] ?? ''}`);
    await sleep(lookMs);
  }
};
