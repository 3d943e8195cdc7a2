import { type JsonObject, TaskError } from '@nodetask/shared';
import { type Handlers, parseParams } from './handlers.ts';
import type { TaskRecord } from './store.ts';
import type { TaskHandler } from './task-handler.ts';

/** From this number of crashes during one run on, the engine blames the run. */
const maxCrashes = 2;

/** A daemon that has run so long since it was started is not blamed for the crashes before. */
const daemonHealthyMs = 10 * 60_000;

/** What to do with a run that the end of the process interrupted. */
export type Resumption =
  | { readonly kind: 'fail'; readonly error: TaskError }
  /** As `fail`, unless what the run pledged took effect. */
  | {
      readonly kind: 'finish';
      readonly error: TaskError;
      readonly handler: TaskHandler;
      readonly changes: Pick<TaskRecord, 'params' | 'resumed' | 'crashes'>;
    }
  | {
      readonly kind: 'run-again';
      readonly handler: TaskHandler;
      /** Of the run from now on. Params are parsed anew: the record may come from another version of the agent. */
      readonly changes: Pick<TaskRecord, 'params' | 'resumed' | 'crashes'>;
    };

/** Judges an interrupted run of a one-shot or schedule by its crashes and by what its handler declares. Pure. */
export const resumption = (record: TaskRecord, handlers: Handlers, crashed: boolean): Resumption => {
  const usable = usableHandler(record, handlers);
  if (usable instanceof TaskError) return { kind: 'fail', error: usable };
  const crashes = (record.crashes ?? 0) + (crashed ? 1 : 0);
  const { handler, params } = usable;
  const changes = { params, resumed: true, ...(crashes > 0 ? { crashes } : {}) } as const;
  if (crashes >= maxCrashes) {
    const error = crashedError(crashes);
    // To look for what was done takes no part of the work that the process may have died of; more crashes than that end it all the same.
    const mayFinish = record.pledge !== undefined && crashes < 2 * maxCrashes;
    return mayFinish ? { kind: 'finish', error, handler, changes } : { kind: 'fail', error };
  }
  if (handler.interrupted === 'fail') {
    return { kind: 'fail', error: new TaskError('interrupted', 'the agent ended while it ran') };
  }
  return { kind: 'run-again', handler, changes };
};

/** The same for a daemon, which lives for as long as its pod, and sees crashes that others brought about. */
export const daemonResumption = (
  record: TaskRecord,
  handlers: Handlers,
  { crashed, now }: { readonly crashed: boolean; readonly now: number },
): Resumption => {
  const usable = usableDaemon(record, handlers);
  if (usable instanceof TaskError) return { kind: 'fail', error: usable };
  const ranFor = now - Date.parse(record.runStartedAt ?? record.result.submittedAt);
  const before = ranFor >= daemonHealthyMs ? 0 : (record.crashes ?? 0);
  const crashes = before + (crashed && record.active ? 1 : 0);
  if (crashes >= maxCrashes) return { kind: 'fail', error: crashedError(crashes) };
  const { handler, params } = usable;
  return { kind: 'run-again', handler, changes: { params, crashes } };
};

const crashedError = (crashes: number): TaskError =>
  new TaskError('agent-crashed', `the agent crashed ${crashes} times while it ran; it is not run again by itself`);

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

/** A type may have ceased to be a daemon since an older version of the agent took it as one. */
const usableDaemon = (record: TaskRecord, handlers: Handlers): ReturnType<typeof usableHandler> => {
  const usable = usableHandler(record, handlers);
  if (usable instanceof TaskError || usable.handler.daemon === true) return usable;
  return new TaskError('no-handler', `this agent does not run the type "${record.type}" as a daemon`);
};
