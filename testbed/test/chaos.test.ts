import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runChaos } from '../chaos/run-chaos.ts';
import { loadConfig } from '../src/config.ts';

test(
  'tasks of all kinds come to their right end although operator, agents, API server and network fail at random',
  { timeout: 480_000 },
  async (t) => {
    const seed = loadConfig().chaosSeed ?? Date.now() % 1_000_000;
    t.diagnostic(`NODETASK_CHAOS_SEED=${seed} repeats it`);
    const report = await runChaos({
      seed,
      tasks: 60,
      agents: 4,
      faults: { mixed: 26, survived: 8 },
      hands: 4,
      exporters: 1,
      longestPauseMs: 600,
      restMs: 180_000,
      // 10 s on a machine that does nothing else, by `npm run chaos`.
      freshMs: 30_000,
      keptConnections: 40,
      log: (line) => {
        t.diagnostic(line);
      },
    });
    t.diagnostic(JSON.stringify(report));
    assert.deepEqual(report.faults, [], `seed ${seed}`);
    assert.ok(
      report.effectsRepeated <= (report.done['kill agent'] ?? 0),
      'an effect repeats only where a kill fell between effect and commit',
    );
  },
);
