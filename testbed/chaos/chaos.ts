/**
 * `npm run chaos [-- seed]`: 1,000 tasks on 20 agents while operator, agents, API server and network are killed, stalled and reset. Prints what
 * was counted; exits with 0 only if nothing was lost, stuck, done twice, wrong, stale or leaked. The same run, smaller, is part of `npm test`.
 */
import { runChaos } from './run-chaos.ts';

const seed = Number(process.argv[2] ?? Date.now() % 1_000_000);
const report = await runChaos({
  seed,
  tasks: 1_000,
  agents: 20,
  faults: { mixed: 240, survived: 80 },
  hands: 6,
  exporters: 4,
  longestPauseMs: 1_000,
  restMs: 300_000,
  freshMs: 10_000,
  keptConnections: 0,
  log: (line) => process.stderr.write(`${line}\n`),
});
const { faults, ...counts } = report;
process.stdout.write(`${JSON.stringify(counts, undefined, 2)}\n`);
for (const fault of faults) process.stdout.write(`✘ ${fault}\n`);
process.stdout.write(
  faults.length === 0
    ? 'Nothing lost, stuck, done twice, wrong, stale or leaked.\n'
    : `${faults.length} faults; seed ${seed}.\n`,
);
process.exitCode = faults.length === 0 ? 0 : 1;
