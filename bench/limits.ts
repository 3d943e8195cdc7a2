import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeHome } from '../agent/src/node/node-home.ts';
import { FullServers } from '../agent/test/support/limits/full-servers.ts';
import { emptyHome, limitCases } from '../agent/test/support/limits/limit-cases.ts';
import { MeasuredAgent } from '../agent/test/support/limits/measured-agent.ts';
/**
 * What the tasks cost at their limits: each case on an agent of its own, a process with the memory that the injection gives it, that is probed
 * without a pause meanwhile.
 *
 *   npm run bench -- limits [part of a name]
 */
const wanted = process.argv[2] ?? '';
const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

await using servers = await FullServers.start();
print('| case | input | ended | peak MB | longest wait ms | s |');
print('| --- | --- | --- | ---: | ---: | ---: |');
for (const { name, input, prepare, tasks, ends, areDone } of limitCases.filter((one) => one.name.includes(wanted))) {
  const home = nodeHome(await mkdtemp(join(tmpdir(), 'nodetask-limits-')));
  try {
    await emptyHome(home);
    await prepare?.(home);
    await using agent = await MeasuredAgent.start(home.root);
    const until = areDone === undefined ? undefined : areDone.bind(undefined, servers);
    try {
      const { results, peakBytes, stallMs, wallMs } = await agent.run(tasks(servers), until);
      agent.assertUp();
      const ended = results.map(({ status, errorCode }) => errorCode ?? status);
      const as = ended.every((one) => one === ends) ? ends : `**${ended.join(', ')}** ${results[0]?.error ?? ''}`;
      print(
        `| ${name} | ${input} | ${as} | ${(peakBytes / 1e6).toFixed(0)} | ${stallMs.toFixed(0)} | ${(wallMs / 1000).toFixed(1)} |`,
      );
    } catch (error) {
      print(`| ${name} | ${input} | **${String(error)}** | | | |`);
    }
  } finally {
    await rm(home.root, { recursive: true, force: true });
  }
}
