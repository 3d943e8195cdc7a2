import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { NodeHome } from '../src/node/node-home.ts';
import { makeTempHome } from '../src/node/testing/temp-home.ts';
import { FullServers } from './support/limits/full-servers.ts';
import { emptyHome, limitCases } from './support/limits/limit-cases.ts';
import { MeasuredAgent } from './support/limits/measured-agent.ts';

/** Tasks at their limits, on an agent that is a process with the memory that the injection gives it: it lives, and it answers. */

const maxStallMs = 1_000;

describe('an agent with the memory that the injection gives it', { timeout: 600_000 }, () => {
  let servers: FullServers;
  let home: NodeHome;
  let agent: MeasuredAgent;
  let removeHome: (() => Promise<void>) | undefined;

  before(async () => {
    home = await makeTempHome({
      after: (remove) => {
        removeHome = remove;
      },
    });
    servers = await FullServers.start();
    agent = await MeasuredAgent.start(home.root);
  });
  after(async () => {
    await agent[Symbol.asyncDispose]();
    await servers[Symbol.asyncDispose]();
    await removeHome?.();
  });

  for (const { name, input, prepare, tasks, ends, areDone } of limitCases.filter(({ isLong }) => isLong !== true)) {
    it(`lives and answers: ${name} (${input})`, async (t) => {
      await emptyHome(home);
      await prepare?.(home);
      const { results, stallMs, peakBytes } = await agent.run(
        tasks(servers),
        areDone === undefined ? undefined : (now) => areDone(servers, now),
      );
      agent.assertUp();
      for (const { errorCode, status, error } of results) assert.equal(errorCode ?? status, ends, String(error));
      assert.ok(stallMs < maxStallMs, `a probe waited for ${stallMs.toFixed(0)} ms`);
      t.diagnostic(`${Math.round(peakBytes / 1e6)} MB, ${stallMs.toFixed(0)} ms, held by a cgroup: ${agent.isHeld}`);
    });
  }
});
