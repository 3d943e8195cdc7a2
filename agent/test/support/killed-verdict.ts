// An agent's engine with its journal and its real handlers, on the home argv[2]. With a task in argv[3] it runs that, and kills itself with SIGKILL
// when the handler has done all of its work and the end is not journalled. Without one it takes up what the journal has, argv[4]
// milliseconds later by its clock, and prints how that ended.
import { join } from 'node:path';
import { systemClock } from '@nodetask/runtime';
import type { Task } from '../../src/engine/engine-api.ts';
import { Engine } from '../../src/engine/engine.ts';
import type { TaskHandler, TaskHandlers } from '../../src/engine/task-handler.ts';
import { openSqliteStore } from '../../src/store/open-sqlite-store.ts';
import { createHandlers } from '../../src/tasks/handlers.ts';
import { loopbackEgress } from './object-store.ts';

const [home = '', task = '', later = '0'] = process.argv.slice(2);
const stateFolder = join(home, '.nodetask');
const clock = { ...systemClock, now: () => systemClock.now() + Number(later) };
const egress = loopbackEgress();
const handlers = createHandlers({
  home,
  stateFolder,
  nodeRPC: 'http://127.0.0.1:1',
  egress,
  clock,
  hostname: 'node',
  cpus: 2,
});

/** Dies with its work done. */
const killed = (handler: TaskHandler): TaskHandler => ({
  ...handler,
  run: async (context) => {
    await handler.run(context);
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => undefined);
  },
});

const store = openSqliteStore({
  path: join(stateFolder, 'journal.sqlite'),
  owner: { namespace: 'local', podName: 'local' },
});
const stop = new AbortController();
const engine = new Engine({
  handlers:
    task === ''
      ? handlers
      : (Object.fromEntries(
          Object.entries(handlers).map(([type, handler]) => [type, killed(handler as TaskHandler)]),
        ) as TaskHandlers),
  store,
  signal: stop.signal,
  clock,
});
if (task === '') {
  const [known] = engine.recentResults().results;
  const ended = Promise.withResolvers<unknown>();
  const look = (): void => {
    const result = known === undefined ? undefined : engine.getResult(known.id);
    if (result?.status !== 'running') ended.resolve(result);
  };
  engine.subscribe(look);
  look();
  process.stdout.write(JSON.stringify(await ended.promise));
  stop.abort();
  await engine.closed;
  store.close();
  await egress.close();
} else {
  engine.submit(JSON.parse(task) as Task);
}
