import assert from 'node:assert/strict';
import { after } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { type ErrorCode, TaskError, type TaskResult } from '@nodetask/shared';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { Engine, type EngineOptions } from '../../../src/engine/engine.ts';
import type { Store } from '../../../src/engine/store.ts';
import type { TaskHandlers } from '../../../src/engine/task-handler.ts';
import { ControlledHandler, type ControlledOptions } from './controlled-handler.ts';
import { CrashingStore } from './crashing-store.ts';

/** An engine under test, with all that it is made of. */
export interface Harness {
  readonly engine: Engine;
  readonly clock: FakeClock;
  readonly store: CrashingStore;
  /** Starts another engine on the same journal, as after kill -9: the first one's further doings reach nothing. */
  readonly restart: (options?: HarnessOptions) => Harness;
  /** The signal of the engine aborts. */
  readonly stop: () => Promise<void>;
}

export type HarnessOptions = Partial<Omit<EngineOptions, 'store' | 'clock' | 'signal'>> & {
  readonly clock?: FakeClock;
  readonly store?: Store;
};

/** Starts an engine; it ends with the test file. */
export const startEngine = (options: HarnessOptions = {}): Harness => {
  const { clock = new FakeClock(), store: inner = new MemoryStore(), handlers = {}, ...rest } = options;
  const store = new CrashingStore(inner);
  const controller = new AbortController();
  const engine = new Engine({ ...rest, handlers, store, clock, signal: controller.signal });
  const stop = async (): Promise<void> => {
    controller.abort();
    await engine.closed;
  };
  // Handlers that heed no abort would hold `closed` on the fake clock: the abort alone frees timers and runs.
  after(() => {
    controller.abort();
  });
  return {
    engine,
    clock,
    store,
    restart: (next = {}) => {
      store.crash();
      // Frees the timers and runs of the engine that is no more.
      controller.abort();
      return startEngine({ ...rest, handlers, clock, store: inner, ...next });
    },
    stop,
  };
};

/** A handler for `config-validate`, whose params may be empty, and an engine with it. */
export const startWith = (
  handlerOptions: ControlledOptions = {},
  options: HarnessOptions = {},
): Harness & { readonly handler: ControlledHandler } => {
  const handler = new ControlledHandler(handlerOptions);
  const handlers: TaskHandlers = { 'config-validate': handler, 'mark-ready': handler, ...options.handlers };
  return { ...startEngine({ ...options, handlers }), handler };
};

/** Lets everything that waits for no timer happen. */
export const turn = async (times = 1): Promise<void> => {
  for (let index = 0; index < times; index++) await new Promise((resolve) => setImmediate(resolve));
};

/** An id for tests: a UUID that ends in the number. */
export const uuid = (number: number): string => `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;

/** Asserts that a call throws a TaskError with the code, and returns it. */
export const refusal = (code: ErrorCode, call: () => unknown): TaskError => {
  let thrown: unknown;
  try {
    call();
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown instanceof TaskError, `expected a TaskError ${code}, got ${String(thrown)}`);
  assert.equal(thrown.code, code, thrown.message);
  return thrown;
};

/** The result of a task that must be known. */
export const known = (engine: Engine, id: string): TaskResult => {
  const result = engine.getResult(id);
  assert.ok(result !== undefined, `task ${id} is not known`);
  return result;
};
