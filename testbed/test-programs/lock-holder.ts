// For file-lock.test.ts: takes the lock so many times, and in each turn adds a line to the journal at begin and end.
// Usage: lock-holder.ts <lock> <journal> <turns | "hold">
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { acquireFileLock } from '../src/programs/file-lock.ts';

const [lockPath = '', journal = '', turns = '1'] = process.argv.slice(2);
if (turns === 'hold') {
  await acquireFileLock(lockPath, { timeoutMs: 10_000 });
  process.stdout.write('held\n');
  await sleep(600_000);
} else {
  for (let turn = 0; turn < Number(turns); turn += 1) {
    const lock = await acquireFileLock(lockPath, { timeoutMs: 30_000, pollMs: 1 });
    appendFileSync(journal, `begin ${process.pid}\n`);
    await sleep(2);
    appendFileSync(journal, `end ${process.pid}\n`);
    await lock.release();
  }
}
