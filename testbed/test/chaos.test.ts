import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runChaos } from '../chaos/run-chaos.ts';
import { loadConfig } from '../src/config.ts';

test(
  'tasks survive kill -9 of operator and agents at random moments: each is journalled as ended once, and statuses are right',
  { timeout: 300_000 },
  async (t) => {
    const seed = loadConfig().chaosSeed ?? Date.now() % 1_000_000;
    const report = await runChaos({
      tasks: 40,
      kills: 25,
      agents: 2,
      seed,
      log: (line) => {
        t.diagnostic(line);
      },
    });
    t.diagnostic(JSON.stringify(report));
    assert.deepEqual(report.faults, [], `seed ${String(seed)}`);
    assert.equal(report.ends, report.expectedEnds);
    assert.ok(
      report.effectsRepeated <= report.kills.agents,
      'an effect repeats only where a kill fell between effect and commit',
    );
  },
);
