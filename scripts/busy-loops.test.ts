import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { waitFor } from '@nodetask/testbed';
import { BusyLoops } from './busy-loops.ts';

/** Clock ticks of processor time that a process has had; undefined if it is gone. */
const ticksOf = (pid: number): number | undefined => {
  try {
    const [, state = '', ...rest] = /\) (\S) (.*)$/s.exec(readFileSync(`/proc/${String(pid)}/stat`, 'utf8')) ?? [];
    const fields = rest.join('').split(' ');
    return state === 'Z' ? undefined : Number(fields[10]) + Number(fields[11]);
  } catch {
    return undefined;
  }
};
const areGone = async (pids: readonly number[]): Promise<void> => {
  await waitFor(async () => pids.every((pid) => ticksOf(pid) === undefined), {
    what: 'the loops to be gone',
    timeoutMs: 30_000,
  });
};

describe('busy loops', { skip: process.platform !== 'linux' }, () => {
  test('take processor time until they are disposed of', { timeout: 60_000 }, async () => {
    const loops = new BusyLoops(2);
    try {
      await waitFor(async () => loops.pids.every((pid) => (ticksOf(pid) ?? 0) > 20), {
        what: 'each loop to have had 0.2 s',
        timeoutMs: 30_000,
      });
    } finally {
      await loops[Symbol.asyncDispose]();
    }
    await areGone(loops.pids);
  });

  test('end when the process that started them is killed', { timeout: 60_000 }, async () => {
    const module = new URL('busy-loops.ts', import.meta.url).href;
    const parent = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { BusyLoops } = await import(${JSON.stringify(module)}); console.log(new BusyLoops(2).pids.join(' '));`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [output] = (await once(parent.stdout, 'data')) as [Buffer];
    const pids = output.toString().trim().split(' ').map(Number);
    assert.equal(pids.length, 2);
    parent.kill('SIGKILL');
    await areGone(pids);
  });
});
