// Hands that do the faults of a plan: several at once, but one at a time to each subject.
import { setTimeout as sleep } from 'node:timers/promises';
import { describeFault, type Fault } from './fault-plan.ts';

/** Disposed, they begin no further fault. */
export interface Hands extends Disposable {
  /** How many faults have begun. */
  readonly begun: number;
  /** Resolves when `count` faults have begun; rejects where one could not be done or undone. */
  untilBegun(count: number): Promise<void>;
  /** Resolves when every fault is over and what it befell serves again. */
  readonly done: Promise<void>;
}

const lookMs = 20;

/** @param perform does one fault and resolves when it is over. */
export const putHandsTo = (
  faults: readonly Fault[],
  hands: number,
  perform: (fault: Fault) => Promise<void>,
  log: (line: string) => void,
): Hands => {
  const left = [...faults];
  const busy = new Set<string>();
  let begun = 0;
  const hand = async (): Promise<void> => {
    for (let fault = left.shift(); fault !== undefined; fault = left.shift()) {
      await sleep(fault.afterMs);
      const subject = `${fault.subject} ${fault.agent}`;
      while (busy.has(subject)) await sleep(lookMs);
      busy.add(subject);
      begun += 1;
      log(`fault ${begun} of ${faults.length}: ${describeFault(fault)}`);
      await perform(fault);
      busy.delete(subject);
    }
  };
  const done = Promise.all(Array.from({ length: hands }, hand)).then(() => undefined);
  // Who awaits it is told; until then it must not end the process.
  done.catch(() => undefined);
  return {
    get begun() {
      return begun;
    },
    untilBegun: async (count) => {
      while (begun < Math.min(count, faults.length)) await Promise.race([sleep(lookMs), done]);
    },
    done,
    [Symbol.dispose]: () => {
      left.length = 0;
    },
  };
};
