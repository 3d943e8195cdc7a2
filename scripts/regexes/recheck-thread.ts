import { parentPort } from 'node:worker_threads';
import { checkSync, type Diagnostics, type Parameters } from 'recheck';
import type { PatternVerdict } from './check-patterns.ts';

/** The program of a thread: says of each pattern that it is sent how long a text can keep it busy. */

const parameters: Parameters = {
  // In wall time, which a busy machine stretches: only there so that no pattern can hang the check.
  timeout: 600_000,
  // Bounded by a number of steps instead, so that what is found does not depend on the machine.
  incubationTimeout: null,
  // For patterns with long repeats, which the checker searches at random: half of its usual effort still finds what tests know.
  maxInitialGenerationSize: 100,
  maxGenerationSize: 50,
  maxIteration: 5,
};

const verdictOf = (diagnostics: Diagnostics): PatternVerdict => {
  switch (diagnostics.status) {
    case 'safe':
      return { isLinear: true, why: 'takes linear time', attack: undefined };
    case 'vulnerable':
      return {
        isLinear: false,
        why: `takes ${diagnostics.complexity.summary} time`,
        attack: diagnostics.attack.pattern,
      };
    case 'unknown':
      return { isLinear: false, why: `cannot be judged (${diagnostics.error.kind})`, attack: undefined };
    default:
      return diagnostics satisfies never;
  }
};

parentPort?.on('message', ({ pattern, flags }: { readonly pattern: string; readonly flags: string }) => {
  parentPort?.postMessage(verdictOf(checkSync(pattern, flags, parameters)), []);
});
