import { type JsonObject, TaskError } from '@nodetask/shared';
import { type Handlers, parseParams } from './handlers.ts';
import type { TaskRecord } from './store.ts';
import type { TaskHandler } from './task-handler.ts';

/** So often may the end of the process interrupt one run before it is taken for the cause. */
const maxInterruptions = 10;

/** What to do with a run that the end of the process interrupted. */
export type Resumption =
  | { readonly kind: 'fail'; readonly error: TaskError }
  | {
      readonly kind: 'run-again';
      readonly handler: TaskHandler;
      /** Parsed anew: the record may come from another version of the agent. */
      readonly params: JsonObject;
      readonly interruptions: number;
    };

/** Judges an interrupted run by what its handler declares. Pure. */
export const resumption = (record: TaskRecord, handlers: Handlers): Resumption => {
  const usable = usableHandler(record, handlers);
  if (usable instanceof TaskError) return { kind: 'fail', error: usable };
  const interruptions = (record.interruptions ?? 0) + 1;
  if (usable.handler.interrupted === 'fail') {
    return { kind: 'fail', error: new TaskError('interrupted', 'the agent ended while it ran') };
  }
  if (interruptions > maxInterruptions) {
    const message = `the agent ended ${interruptions} times while it ran; it may be the cause`;
    return { kind: 'fail', error: new TaskError('interrupted', message) };
  }
  return { kind: 'run-again', ...usable, interruptions };
};

/** The handler and params of a journalled task in this version of the agent, or why it cannot go on. */
export const usableHandler = (
  record: TaskRecord,
  handlers: Handlers,
): { readonly handler: TaskHandler; readonly params: JsonObject } | TaskError => {
  const handler = handlers.find(record.type);
  if (handler === undefined) return new TaskError('no-handler', `this agent does not run the type "${record.type}"`);
  try {
    return { handler, params: parseParams(record.type, record.params) };
  } catch (error) {
    if (error instanceof TaskError) return error;
    throw error;
  }
};
