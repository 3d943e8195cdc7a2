import {
  type Async,
  type Fault,
  type JsonObject,
  requestWithoutZeroValues,
  type Resume,
  submitRequestSchema,
  TaskError,
  type TaskRef,
  type TaskType,
} from '@nodetask/shared';
import { canonicalJson } from './canonical-json.ts';
import { cronTrigger } from './cron/cron-trigger.ts';
import type { Task } from './engine-api.ts';
import { type Handlers, parseParams } from './handlers.ts';
import type { TaskRecord } from './store.ts';
import type { TaskHandler } from './task-handler.ts';

/** A request whose every part has been checked. */
export interface Submission {
  readonly id: string;
  readonly type: TaskType;
  readonly handler: TaskHandler;
  readonly params: JsonObject;
  readonly async: Async | undefined;
  readonly timeoutSeconds: number | undefined;
  readonly run: number | undefined;
  readonly resume: Resume | undefined;
  readonly ref: TaskRef | undefined;
  readonly trace: string | undefined;
  readonly fingerprint: string;
}

/** @throws TaskError `invalid-request`, `unknown-type`, `invalid-params`, `invalid-schedule` */
export const parseSubmission = (
  task: Task,
  async: Async | undefined,
  handlers: Handlers,
  newID: () => string,
  trace?: string,
): Submission => {
  const request = parseRequest(task, async);
  const { type, handler } = handlers.require(request.type);
  if (request.async?.daemon !== undefined) refuseUnlessDaemon(type, handler, handlers);
  const params = parseParams(type, request.params);
  const schedule = request.async?.schedule;
  if (schedule?.cron !== undefined) cronTrigger(schedule.cron, schedule.timeZone, 'async.schedule.cron');
  return {
    id: canonicalID(request.id ?? newID()),
    type,
    handler,
    params,
    async: request.async,
    timeoutSeconds: request.timeoutSeconds,
    run: request.run,
    resume: request.resume,
    ref: request.ref,
    trace,
    fingerprint: fingerprintOf(type, params, request.async, request.ref),
  };
};

/** UUIDs are compared without case (RFC 9562); the journal has them in lower case. */
export const canonicalID = (id: string): string => id.toLowerCase();

/** Whether a request is the one that the record was made from. */
export const isSameRequest = (record: TaskRecord, submission: Submission): boolean => {
  if (record.fingerprint === submission.fingerprint) return true;
  if (record.type !== submission.type) return false;
  try {
    // The record may come from a version of the agent with other defaults: what it means today is what counts.
    const params = parseParams(record.type, record.params);
    return fingerprintOf(record.type, params, record.async, record.ref) === submission.fingerprint;
  } catch (error) {
    if (error instanceof TaskError && error.code === 'invalid-params') return false;
    throw error;
  }
};

/** The members in which a request differs from the one that the record was made from; see `isSameRequest`. */
export const differences = (record: TaskRecord, submission: Submission): readonly string[] => {
  const members: readonly (readonly [string, unknown, unknown])[] = [
    ['type', record.type, submission.type],
    ['async', shapeOf(record.async), shapeOf(submission.async)],
    ['ref.uid', record.ref?.uid, submission.ref?.uid],
    ...(record.type === submission.type ? paramsOf(record, submission) : []),
  ];
  return members.flatMap(([name, before, after]) => (canonicalJson(before) === canonicalJson(after) ? [] : name));
};

const paramsOf = (record: TaskRecord, { params }: Submission): readonly (readonly [string, unknown, unknown])[] =>
  [...new Set([...Object.keys(record.params), ...Object.keys(params)])]
    .toSorted()
    .map((name) => [`params.${name}`, record.params[name], params[name]]);

/** The part of `async` that stays while a task lives: updateSchedule changes the rest. */
const shapeOf = (async: Async | undefined): unknown =>
  async?.schedule === undefined ? async : { schedule: { trigger: async.schedule.blockHeight ?? 'cron' } };

/** What makes two requests the same: type, parsed params, async but for what updateSchedule changes, and the NodeTask's UID. */
const fingerprintOf = (
  type: TaskType,
  params: JsonObject,
  async: Async | undefined,
  ref: TaskRef | undefined,
): string =>
  canonicalJson({
    type,
    params,
    async: shapeOf(async),
    uid: ref?.uid,
  });

const parseRequest = (task: Task, async: Async | undefined) => {
  const request = requestWithoutZeroValues({ ...task, ...(async === undefined ? {} : { async }) });
  const parsed = submitRequestSchema.safeParse(request);
  const faults = parsed.success
    ? misplaced(parsed.data.run, parsed.data.resume, parsed.data.async)
    : parsed.error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message }));
  if (parsed.success && faults.length === 0) return parsed.data;
  throw invalidRequest(faults);
};

const invalidRequest = (faults: readonly Fault[]): TaskError => {
  const text = faults.map(({ path, message }) => `${path === '' ? 'request' : path}: ${message}`).join('; ');
  return new TaskError('invalid-request', `invalid request: ${text}`, { details: { faults: [...faults] } });
};

/** A daemon holds no locks: a type that holds some for its whole run would write beside those that they keep away. */
const refuseUnlessDaemon = (type: TaskType, handler: TaskHandler, handlers: Handlers): void => {
  if (handler.daemon === true) return;
  const daemons = handlers.daemons.join(', ');
  const message = `${type} does not run as a daemon: run it once, or by async.schedule (daemons: ${daemons === '' ? 'none' : daemons})`;
  throw invalidRequest([{ path: 'async.daemon', message }]);
};

const misplaced = (run: number | undefined, resume: Resume | undefined, async: Async | undefined) => [
  ...(run !== undefined && async !== undefined
    ? [{ path: 'run', message: 'goes with one-shots only; schedules and daemons count their runs themselves' }]
    : []),
  ...(resume !== undefined && async === undefined
    ? [{ path: 'resume', message: 'goes with schedules and daemons only; send the one-shot again as it was' }]
    : []),
];
