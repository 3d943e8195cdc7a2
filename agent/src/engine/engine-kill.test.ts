import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openSqliteStore } from '../store/open-sqlite-store.ts';
import { heightTaskID, taskID } from '../../test/support/engine/kill-child.ts';

const kills = 25;
const tasks = 400;
/** A boot that is not killed has to end in this time. */
const lastBootMs = 60_000;
const childPath = fileURLToPath(new URL('../../test/support/engine/kill-child.ts', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'nodetask-kill-'));
const journal = join(folder, 'journal.db');
const logPath = join(folder, 'log');
after(() => {
  rmSync(folder, { recursive: true });
});

/** Starts the agent; kills it at a random moment after it is ready, or lets it finish. Answers whether it finished. */
const boot = async (number: number, killAfterMs: number | undefined): Promise<boolean> => {
  const child = spawn(
    process.execPath,
    [
      '--conditions=nodetask-source',
      childPath,
      '--journal',
      journal,
      '--log',
      logPath,
      '--count',
      `${tasks}`,
      '--boot',
      `${number}`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exit = once(child, 'exit');
  const limit = setTimeout(() => child.kill('SIGKILL'), lastBootMs);
  let finished = false;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'ready' && killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    if (line === 'finished') finished = true;
  }
  await exit;
  clearTimeout(limit);
  return finished;
};

/** The lines of the log by their first word; a line that a kill cut off is none. */
const logged = (word: string): { readonly id: string; readonly run: string; readonly boot: string }[] =>
  readFileSync(logPath, 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([first]) => first === word)
    .map(([, id = '', run = '', bootNumber = '']) => ({ id, run, boot: bootNumber }));

it(`killed ${kills} times at random points, each task is journalled completed exactly once`, async (context) => {
  for (let number = 1; number <= kills; number++) {
    // From before the first commit of the boot to some tasks later.
    assert.equal(await boot(number, Math.random() * 90), false, 'the tasks ran out: the test proves less than it says');
  }
  assert.equal(await boot(kills + 1, undefined), true, 'the last boot, which is not killed, finishes');

  const store = openSqliteStore({ path: journal, owner: { namespace: 'sei', podName: 'sei-rpc-0' } });
  const oneShots = Array.from({ length: tasks }, (_, index) => taskID(index + 1));
  // Killed twice while it ran, the height is not run again by itself; the one-shots are, by their submitter.
  const crashed = store.get(heightTaskID)?.result.errorCode === 'agent-crashed';
  const all = [...(crashed ? [] : [heightTaskID]), ...oneShots];
  for (const id of all) {
    const record = store.get(id);
    assert.equal(record?.result.status, 'completed', id);
    assert.equal(record.active, false);
  }
  assert.equal(store.get(heightTaskID)?.result.run, 1, 'the height fired once');
  assert.equal(store.getValue('ready'), 'true');
  assert.deepEqual(store.living(), []);
  store.close();

  assert.deepEqual(logged('double'), [], 'completed twice');
  const completed = logged('completed').map(({ id }) => id);
  assert.equal(new Set(completed).size, completed.length);
  const effects = logged('effect');
  const touched = new Set(effects.map(({ id }) => id));
  assert.deepEqual(
    all.filter((id) => !touched.has(id)),
    [],
    'none lost',
  );
  assert.deepEqual(
    [...touched].filter((id) => id !== heightTaskID && !oneShots.includes(id)),
    [],
    'none unknown',
  );
  const starts = Map.groupBy(logged('start'), ({ id, run }) => `${id} ${run}`);
  for (const [run, boots] of starts) assert.ok(boots.length <= 2, `${run} was started after two crashes`);
  const perBoot = effects.map(({ id, boot: number }) => `${id} ${number}`);
  assert.equal(
    new Set(perBoot).size,
    perBoot.length,
    'an effect repeats only where a kill fell between it and its commit',
  );
  const repeated = effects.length - all.length;
  assert.ok(repeated <= kills);
  context.diagnostic(`${kills} kills, ${all.length} tasks, ${repeated} effects repeated`);
});
