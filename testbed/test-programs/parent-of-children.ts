// For watchdog.test.ts: starts children and a temp folder, names them, and waits to be killed.
// Usage: parent-of-children.ts <temp root>
import { setTimeout as sleep } from 'node:timers/promises';
import { guardedSpawn } from '../src/process/guarded-spawn.ts';
import { makeTempFolder } from '../src/temp-folder.ts';

const [root = ''] = process.argv.slice(2);
const folder = await makeTempFolder(root, 'parent');
const start = async (script: string) => guardedSpawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] });
const plain = await start('exec sleep 600');
const stubborn = await start("trap '' TERM INT HUP; while :; do sleep 600; done");
const frozen = await start('kill -STOP $$; exec sleep 600');
const ended = await start('exit 0');
await ended.exited;
process.stdout.write(
  `${JSON.stringify({ folder: folder.path, pids: [plain.pid, stubborn.pid, frozen.pid], ended: ended.pid })}\n`,
);
await sleep(600_000);
