import { node, steps } from './steps.ts';

/** Kills of the agent in each kind of export. */
const killsOfExports = 50;
/** Of snapshot, upload, restore, start and follow. */
const roundsOfRestores = 20;

/**
 * The tests that take too long for every change: run by hand before an issue is called resolved. Arguments are the seeds of the chaos
 * runs; without one, a single run draws its own.
 */
export const deep = (seeds: readonly string[]): Promise<void> =>
  steps([
    ...(seeds.length === 0 ? [[]] : seeds.map((seed) => [seed])).map((args) => ({
      name: ['chaos', ...args].join(' '),
      run: () => node(['testbed/chaos/chaos.ts', ...args]),
    })),
    {
      name: `exports killed ${String(killsOfExports)} times`,
      run: () => node(['agent/test/result-export-kill.test.ts', String(killsOfExports)]),
    },
    {
      name: `${String(roundsOfRestores)} rounds of snapshot and restore`,
      run: () => node(['testbed/chaos/restore/rounds.ts', String(roundsOfRestores), ...seeds.slice(0, 1)]),
    },
  ]);
