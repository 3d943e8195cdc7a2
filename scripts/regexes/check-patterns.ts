import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** The verdict of the checker on a pattern. */
export interface PatternVerdict {
  readonly isLinear: boolean;
  /** The time that it takes, or why that is not known. */
  readonly why: string;
  /** An expression of JavaScript for a text that takes that time. */
  readonly attack: string | undefined;
}

interface Pattern {
  readonly pattern: string;
  readonly flags: string;
}

/** As many as the machines of CI have processors. */
const threads = 2;

/** The verdicts on patterns, in their order; each pattern is checked once. */
export const checkPatterns = async (patterns: readonly Pattern[]): Promise<readonly PatternVerdict[]> => {
  const keyOf = ({ pattern, flags }: Pattern): string => `/${pattern}/${flags}`;
  const waiting = [...new Map(patterns.map((pattern) => [keyOf(pattern), pattern])).values()];
  const verdicts = new Map<string, PatternVerdict>();
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('recheck-thread.ts', import.meta.url), {
      // The implementation in JavaScript: the others are a JAR and programs for some platforms, which the lockfile leaves out.
      env: { ...process.env, RECHECK_SYNC_BACKEND: 'pure' },
    });
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        worker.postMessage(next, []);
        const [verdict] = (await once(worker, 'message')) as [PatternVerdict];
        verdicts.set(keyOf(next), verdict);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
  return patterns.map(
    (pattern) => verdicts.get(keyOf(pattern)) ?? { isLinear: false, why: 'was not checked', attack: undefined },
  );
};
