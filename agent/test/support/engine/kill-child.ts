import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { TaskResult } from '@nodetask/shared';
import { openSqliteStore } from '../../../src/store/open-sqlite-store.ts';
import { Engine } from '../../../src/engine/engine.ts';
import type { Store, TaskRecord } from '../../../src/engine/store.ts';
import type { TaskHandler } from '../../../src/engine/task-handler.ts';

/**
 * An agent that is going to be killed. It works through tasks 1 to `count` one after the other, and writes a line for each thing
 * that happens: `start id run boot`, `effect id run boot`, `completed id run boot`, and `double id` where a completed task is written as completed again.
 */

const { values } = parseArgs({
  options: {
    journal: { type: 'string', default: '' },
    log: { type: 'string', default: '' },
    count: { type: 'string', default: '0' },
    boot: { type: 'string', default: '' },
  },
});

const log = (...words: readonly (string | number)[]): void => {
  appendFileSync(values.log, `${words.join(' ')}\n`);
};

export const taskID = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
export const heightTaskID = taskID(900_000);

const handler = (interrupted: TaskHandler['interrupted']): TaskHandler => ({
  interrupted,
  locks: () => ['config'],
  run: async ({ id, run }) => {
    log('start', id, run, values.boot);
    await pause();
    log('effect', id, run, values.boot);
    await pause();
    return { outcome: 'changed', message: 'done' };
  },
});

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.random() * 6));

/** The journal, its completions written down once they are committed: one in a transaction only when that has ended. */
const witnessed = (store: Store): Store => {
  let uncommitted: (() => void)[] | undefined;
  return new Proxy(store, {
    get: (target, member: keyof Store) => {
      if (member === 'transaction')
        return <T>(work: () => T): T => {
          const notes: (() => void)[] = [];
          uncommitted = notes;
          try {
            const result = target.transaction(work);
            for (const note of notes) note();
            return result;
          } finally {
            uncommitted = undefined;
          }
        };
      if (member === 'put')
        return (record: TaskRecord) => {
          const before = target.get(record.id);
          const completes = record.result.status === 'completed';
          if (completes && before?.result.status === 'completed') log('double', record.id);
          target.put(record);
          const note = (): void => {
            if (completes) log('completed', record.id, record.result.run, values.boot);
          };
          if (uncommitted === undefined) note();
          else uncommitted.push(note);
        };
      const value: unknown = Reflect.get(target, member, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
};

const ended = (engine: Engine, id: string): Promise<TaskResult> =>
  new Promise((resolve) => {
    const look = (): void => {
      const result = engine.getResult(id);
      if (result === undefined || result.status === 'running') return;
      stop();
      resolve(result);
    };
    const stop = engine.subscribe(look);
    look();
  });

const main = async (): Promise<void> => {
  const controller = new AbortController();
  const store = openSqliteStore({ path: values.journal, owner: { namespace: 'sei', podName: 'sei-rpc-0' } });
  const engine = new Engine({
    handlers: {
      'config-validate': handler('run-again'),
      'config-reload': handler('fail'),
      'mark-ready': handler('run-again'),
    },
    store: witnessed(store),
    signal: controller.signal,
    heights: {
      watch: (onHeight, signal) =>
        new Promise((resolve) => {
          const timer = setTimeout(onHeight, 20, 1000);
          signal.addEventListener('abort', () => {
            clearTimeout(timer);
            resolve();
          });
        }),
    },
  });
  engine.submitScheduled({ id: heightTaskID, type: 'config-validate' }, { blockHeight: 1000 });
  process.stdout.write('ready\n');
  await ended(engine, heightTaskID);
  for (let number = 1; number <= Number(values.count); number++) {
    const id = taskID(number);
    const type = number === 10 ? 'mark-ready' : number % 2 === 0 ? 'config-validate' : 'config-reload';
    const task = {
      id,
      type,
      ...(type === 'config-reload' ? { params: { fields: { 'logging.level': 'debug' } } } : {}),
    } as const;
    engine.submit(task);
    for (let result = await ended(engine, id); result.status === 'failed'; result = await ended(engine, id)) {
      engine.submit({ ...task, run: result.run + 1 });
    }
  }
  controller.abort();
  await engine.closed;
  store.close();
  process.stdout.write('finished\n');
};

if (import.meta.main) await main();
