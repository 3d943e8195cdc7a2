/**
 * `npm run chaos [-- seed]`: 300 tasks while operator and agents are killed 200 times. Prints what was counted; exits with 0 only if nothing
 * was lost, stuck, done twice or wrong. The same run, smaller, is part of `npm test`.
 */
import { runChaos } from './run-chaos.ts';

const seed = Number(process.argv[2] ?? Date.now() % 1_000_000);
const report = await runChaos({
  tasks: 300,
  kills: 200,
  agents: 3,
  seed,
  log: (line) => process.stderr.write(`${line}\n`),
});
const { faults, ...counts } = report;
process.stdout.write(`${JSON.stringify(counts, undefined, 2)}\n`);
for (const fault of faults) process.stdout.write(`✘ ${fault}\n`);
process.stdout.write(
  faults.length === 0
    ? 'Nothing lost, stuck, done twice or wrong.\n'
    : `${String(faults.length)} faults; seed ${String(seed)}.\n`,
);
process.exitCode = faults.length === 0 ? 0 : 1;
