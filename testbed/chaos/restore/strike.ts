// Does the faults of a round while a task runs.
import { setTimeout as sleep } from 'node:timers/promises';
import { s3Error } from '../../src/s3/s3-error.ts';
import { waitFor } from '../../src/wait.ts';
import type { Victim } from '../faults/victim.ts';
import { nextEntry } from './next-entry.ts';
import { describeFault } from './round-plan.ts';
import type { LastingFault, Moment, RoundFault } from './round-plan.ts';
import type { RoundsStage } from './rounds-stage.ts';

export interface Scene extends Pick<RoundsStage, 'line' | 'store' | 'operator'> {
  /** That does the task. */
  readonly agent: Victim;
  /** The way that the archive takes. */
  readonly direction: 'toServer' | 'toClient';
  /** The node's data folder. */
  readonly data: string;
  /** Aborts when the task has ended. */
  readonly over: AbortSignal;
}

const momentMs = 120_000;

/** Does the faults one after the other, each at its moment, until the task has ended. */
export const strikeAll = async (
  faults: readonly RoundFault[],
  scene: Scene,
  log: (line: string) => void,
): Promise<void> => {
  for (const fault of faults) {
    if (!(await untilMoment(fault.at, scene))) return;
    log(`  ${describeFault(fault)}`);
    await strike(fault, scene);
  }
};

/** From its moment on the store answers everything with the same error, whatever else befalls it. */
export const failForGood = async (
  { cause, afterBytes }: LastingFault,
  scene: Scene,
  log: (line: string) => void,
): Promise<void> => {
  if (cause === 'archive damaged' || !(await untilMoment({ bytes: afterBytes }, scene))) return;
  log(`  ${cause}`);
  const answer = cause === 'store refuses' ? s3Error(403, 'AccessDenied') : s3Error(503, 'SlowDown');
  scene.store.rule = () => answer;
  scene.line.resetConnections();
};

const strike = async (
  { kind, forMs, requests }: RoundFault,
  { agent, operator, line, store }: Scene,
): Promise<void> => {
  switch (kind) {
    case 'agent killed':
      await agent.kill(forMs);
      return;
    case 'operator killed':
      await operator.kill(forMs);
      return;
    case 'connection cut':
      line.resetConnections();
      return;
    case 'store busy': {
      let left = requests;
      const before = store.rule;
      store.rule = (request) => {
        if (left === 0) return before(request);
        left -= 1;
        return s3Error(503, 'SlowDown');
      };
      line.resetConnections();
      return;
    }
    default:
      kind satisfies never;
  }
};

/** False: the task has ended before. */
const untilMoment = async (at: Moment, scene: Scene): Promise<boolean> => {
  const { over } = scene;
  try {
    if ('bytes' in at) await untilBytes(at.bytes, scene);
    else await untilEntry(at.entry, scene);
    return true;
  } catch (error) {
    if (over.aborted) return false;
    throw error;
  }
};

const untilBytes = async (bytes: number, { line, direction, over }: Scene): Promise<void> => {
  const count = (): number =>
    direction === 'toServer' ? line.counters.forwardedToServer : line.counters.forwardedToClient;
  const begin = count();
  await waitFor(() => count() - begin >= bytes, {
    what: `${bytes} bytes ${direction}`,
    timeoutMs: momentMs,
    intervalMs: 1,
    signal: over,
  });
};

const untilEntry = async (name: string, { data, over }: Scene): Promise<void> => {
  using entry = nextEntry(data, (one) => one === name);
  await Promise.race([entry.came, sleep(momentMs, undefined, { signal: over, ref: false })]);
};
