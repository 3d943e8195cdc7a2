// Loaded into operator and agents before they start: keeps count of their living timers and sockets. On SIGUSR2 it writes what there is and
// where it was made, after a garbage collection, to `<NODETASK_CHAOS_PROBE>.<pid>`. https://nodejs.org/api/async_hooks.html
import { createHook } from 'node:async_hooks';
import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const counted: ReadonlySet<string> = new Set(['Timeout', 'TCPWRAP', 'TLSWRAP', 'FSEVENTWRAP', 'FILEHANDLE']);
const living = new Map<number, string>();

/** The first line of the stack that is the program's. */
const origin = (): string => {
  const lines = new Error('here').stack?.split('\n') ?? [];
  const own = lines.slice(1).find((line) => !line.includes('node:') && !line.includes(import.meta.filename));
  return own?.trim() ?? 'of Node.js itself';
};

const hooks = {
  init: (id: number, type: string) => {
    if (counted.has(type)) living.set(id, `${type} ${origin()}`);
  },
  destroy: (id: number) => {
    living.delete(id);
  },
  // Newer than the type definitions: nothing of promises is asked, and following them would make every await slower.
  trackPromises: false,
};
createHook(hooks).enable();
Error.stackTraceLimit = 20;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const file = process.env['NODETASK_CHAOS_PROBE'];
if (file === undefined) throw new Error('NODETASK_CHAOS_PROBE is not set');

process.on('SIGUSR2', () => {
  collectGarbage();
  // The ends of what was collected are told in the next turns of the event loop.
  setImmediate(() => {
    setImmediate(() => {
      const path = `${file}.${process.pid}`;
      writeFileSync(`${path}.new`, JSON.stringify([...living.values()]));
      renameSync(`${path}.new`, path);
    });
  });
});
