// What became of each thing that the demo shows, and the table of it at the end.
import { heading, print, secondsSince } from './terminal.ts';

export interface Outcome {
  readonly name: string;
  readonly seconds: number;
  /** What to print of the end. */
  readonly says: string;
  /** Why what came is wrong; undefined where it is right. */
  readonly fault: string | undefined;
}

/** What a check of the demo's own found. */
export type Finding = Pick<Outcome, 'says' | 'fault'>;

/** Times a check and makes an Outcome of it. An error of the check, and the abort of the signal, is thrown. */
export const check = async (name: string, signal: AbortSignal, look: () => Promise<Finding>): Promise<Outcome> => {
  const start = performance.now();
  const { says, fault } = await unlessAborted(look(), signal);
  print(`  ${fault === undefined ? '✔' : '✘'} ${fault ?? says}`);
  return { name, seconds: secondsSince(start), says, fault };
};

/** Undefined where the two are equal, else the fault that says so. */
export const is = (what: string, actual: unknown, expected: unknown): string | undefined =>
  actual === expected ? undefined : `${what} is ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`;

export const summarize = (outcomes: readonly Outcome[]): void => {
  heading('Summary: time from the answer of kubectl apply to the result');
  const width = Math.max(...outcomes.map(({ name }) => name.length));
  for (const { name, seconds, says, fault } of outcomes) {
    const time = seconds < 1 ? `${(seconds * 1000).toFixed(0)} ms` : `${seconds.toFixed(1)} s`;
    print(`${fault === undefined ? '✔' : '✘'} ${name.padEnd(width)}  ${time.padStart(8)}  ${fault ?? says}`);
  }
};

/** What goes on after an abort is what has a budget of its own, and its servers are stopped. */
const unlessAborted = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
  const settled = new AbortController();
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.throwIfAborted();
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true, signal: settled.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    settled.abort();
  }
};
