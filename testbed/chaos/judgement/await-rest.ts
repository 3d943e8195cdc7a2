// After the last fault: looks again and again until every NodeTask is at rest where it must be, and that none lags behind its agents.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Snapshot } from './snapshot.ts';
import { type Applied, restFaults, staleRows } from './status-faults.ts';

export interface Rest {
  readonly seconds: number;
  /** Not at rest when the time was over. */
  readonly restless: readonly string[];
  /** Behind their agents for longer than allowed, at any look. */
  readonly stale: readonly string[];
}

const lookMs = 1_000;

export const awaitRest = async (
  applied: readonly Applied[],
  look: () => Promise<Snapshot>,
  { timeoutMs, log }: { readonly timeoutMs: number; readonly log: (line: string) => void },
): Promise<Rest> => {
  const calmSince = Date.now();
  const stale = new Set<string>();
  for (;;) {
    const snapshot = await look();
    for (const one of applied) {
      const [behind] = staleRows(one, snapshot, calmSince);
      if (behind !== undefined) stale.add(behind);
    }
    const restless = applied.flatMap((one) => restFaults(one, snapshot));
    const seconds = (Date.now() - calmSince) / 1000;
    if (restless.length === 0 || seconds * 1000 > timeoutMs) return { seconds, restless, stale: [...stale] };
    log(`calm for ${Math.round(seconds)} s, ${restless.length} to go: ${restless[0] ?? ''}`);
    await sleep(lookMs);
  }
};
