import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { FakeClock } from '@nodetask/runtime/testing';
import { TaskError, type TaskType } from '@nodetask/shared';
import { MemoryStore } from '../store/memory-store.ts';
import { openSqliteStore } from '../store/open-sqlite-store.ts';
import type { Store } from './store.ts';
import { ControlledHandler } from '../../test/support/engine/controlled-handler.ts';
import { EngineModel, type ModelTask } from '../../test/support/engine/engine-model.ts';
import { type Harness, startEngine, turn, uuid } from '../../test/support/engine/harness.ts';

/** The engine under test and everything that can be seen of it. */
class Real {
  readonly handlers = {
    'config-validate': new ControlledHandler({ interrupted: 'fail', locks: ['config'] }),
    'mark-ready': new ControlledHandler({ interrupted: 'run-again' }),
    'result-export': new ControlledHandler({ interrupted: 'run-again' }),
  };
  /** Ends that were told: `id run status`. */
  readonly ends: string[] = [];
  harness: Harness;

  constructor(store: Store) {
    this.harness = startEngine({ clock: new FakeClock(), store, handlers: this.handlers });
    this.#listen();
  }

  get engine() {
    return this.harness.engine;
  }

  crash(): void {
    this.harness = this.harness.restart();
    this.#listen();
  }

  /** The newest run of a task. */
  run(id: string, type: TaskType) {
    const runs = this.handlers[type as keyof Real['handlers']].runs.filter(({ context }) => context.id === id);
    const run = runs.at(-1);
    assert.ok(run !== undefined, `${id} has not run`);
    return run;
  }

  get starts(): readonly string[] {
    return Object.values(this.handlers).flatMap(({ runs }) =>
      runs.map(({ context }) => `${context.id} ${context.run}`),
    );
  }

  #listen(): void {
    this.engine.subscribe(({ id, result, removed }) => {
      if (result === undefined || removed || result.status === 'running') return;
      this.ends.push(`${id} ${result.run} ${result.status}`);
    });
  }
}

const tell = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();

/** Everything that callers can see must be what the model says. */
const agree = async (model: EngineModel, real: Real): Promise<void> => {
  await turn(2);
  const { engine } = real;
  const seen = engine.recentResults({ limit: 500 }).results;
  assert.deepEqual(
    seen
      .map(({ id, type, status, run, errorCode, nextRunAt }) => ({ id, type, status, run, errorCode, nextRunAt }))
      .sort(byID),
    [...model.tasks.values()]
      .map(({ id, type, status, run, errorCode, nextRunAt }) => ({
        id,
        type,
        status,
        run,
        errorCode,
        nextRunAt: tell(nextRunAt),
      }))
      .sort(byID),
  );
  assert.deepEqual([...real.starts].sort(), [...model.starts].sort(), 'handlers started, no less and no more');
  assert.equal(engine.healthz(), model.ready);
  assert.equal(engine.status().status, model.oneShotRuns ? 'Running' : model.ready ? 'Ready' : 'Initializing');
  for (const id of model.gone) assert.equal(engine.isTombstoned(id), true);
  assert.equal(new Set(real.ends).size, real.ends.length, 'no end of a run is told twice');
};

const byID = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1);

type Command = fc.AsyncCommand<EngineModel, Real>;

/** The daemon is a result-export, which has to be told where to. */
const exportParams = { bucket: 'results', region: 'eu-central-1' };

const submit = (
  number: number,
  type: TaskType,
  kind: ModelTask['kind'],
  everyMinutes: number,
  rerun: boolean,
): Command => ({
  check: () => true,
  run: async (model, real) => {
    const id = uuid(number);
    const run = rerun ? { run: (model.tasks.get(id)?.run ?? 0) + 1 } : {};
    const expected = model.refusal(id, type, kind, everyMinutes, rerun);
    let refused: string | undefined;
    try {
      if (kind === 'schedule') real.engine.submitScheduled({ id, type }, { cron: `*/${everyMinutes} * * * *` });
      else if (kind === 'daemon')
        real.engine.submitDaemon({ id, type, params: exportParams }, { restartPolicy: 'OnFailure' });
      else real.engine.submit({ id, type, ...run });
    } catch (error) {
      assert.ok(error instanceof TaskError);
      refused = error.code;
    }
    assert.equal(refused, expected);
    model.submit(id, type, kind, everyMinutes, rerun);
    await agree(model, real);
  },
  toString: () => `submit(${number}, ${type}, ${kind}, ${everyMinutes}${rerun ? ', rerun' : ''})`,
});

const remove = (number: number): Command => ({
  check: () => true,
  run: async (model, real) => {
    assert.equal(real.engine.removeResult(uuid(number)), model.tasks.has(uuid(number)));
    model.remove(uuid(number));
    await real.engine.stopped(uuid(number));
    await agree(model, real);
  },
  toString: () => `remove(${number})`,
});

const end = (number: number, fails: boolean): Command => ({
  check: (model) => model.tasks.get(uuid(number))?.active === true,
  run: async (model, real) => {
    const task = model.tasks.get(uuid(number));
    assert.ok(task !== undefined);
    const run = real.run(task.id, task.type);
    if (fails) run.fail(new TaskError('file-io', 'the disk'));
    else run.complete();
    model.end(task, fails ? 'file-io' : undefined);
    await agree(model, real);
  },
  toString: () => `${fails ? 'fail' : 'complete'}(${number})`,
});

const tick = (seconds: number): Command => ({
  check: () => true,
  run: async (model, real) => {
    model.advance(seconds * 1000);
    await real.harness.clock.advance(seconds * 1000);
    await agree(model, real);
  },
  toString: () => `tick(${seconds})`,
});

/** The agent is down for some time: the wall clock goes on. */
const crash = (downSeconds: number): Command => ({
  check: () => true,
  run: async (model, real) => {
    model.now += downSeconds * 1000;
    real.harness.clock.jump(downSeconds * 1000);
    model.restart();
    real.crash();
    await agree(model, real);
  },
  toString: () => `crash(${downSeconds})`,
});

const oneShot = fc.integer({ min: 1, max: 4 });
const schedule = fc.integer({ min: 11, max: 13 });
const anyTask = fc.oneof(oneShot, schedule, fc.constant(21));
const type = fc.constantFrom<TaskType>('config-validate', 'mark-ready');

const commands = fc.commands(
  [
    fc.tuple(oneShot, fc.boolean()).map(([number, rerun]) => {
      return submit(number, number % 2 === 0 ? 'mark-ready' : 'config-validate', 'one-shot', 1, rerun);
    }),
    fc.tuple(oneShot, type).map(([number, other]) => submit(number, other, 'one-shot', 1, false)),
    fc
      .tuple(schedule, type, fc.constantFrom(1, 5))
      .map(([number, of, every]) => submit(number, of, 'schedule', every, false)),
    fc.constant(submit(21, 'result-export', 'daemon', 1, false)),
    anyTask.map(remove),
    fc.tuple(anyTask, fc.boolean()).map(([number, fails]) => end(number, fails)),
    fc.tuple(anyTask, fc.boolean()).map(([number, fails]) => end(number, fails)),
    fc.integer({ min: 1, max: 200 }).map(tick),
    fc.integer({ min: 0, max: 900 }).map(crash),
    fc.constant(crash(0)),
  ],
  { maxCommands: 60, size: 'max' },
);

describe('the engine against a model: submit, remove, complete, fail, tick, crash', () => {
  for (const [name, openStore, numRuns] of [
    ['in memory', () => new MemoryStore(), 300],
    ['in SQLite', () => openSqliteStore({ path: ':memory:', owner: { namespace: 'sei', podName: 'sei-rpc-0' } }), 75],
  ] as const) {
    it(`agrees in every order of events (${name})`, async () => {
      await fc.assert(
        fc.asyncProperty(commands, async (sequence) => {
          const store = openStore();
          const real = new Real(store);
          try {
            await fc.asyncModelRun(() => ({ model: new EngineModel(real.harness.clock.now()), real }), sequence);
          } finally {
            await real.harness.stop();
            store.close();
          }
        }),
        { numRuns, endOnFailure: false },
      );
    });
  }
});
