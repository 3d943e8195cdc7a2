import {
  isTaskType,
  type JsonObject,
  paramsWithoutZeroValues,
  taskParams,
  TaskError,
  type TaskType,
} from '@nodetask/shared';
import { jsonCopy } from './canonical-json.ts';
import type { LockName, TaskHandler, TaskHandlers } from './task-handler.ts';

/** The handlers of an engine by type. The types of params are checked where a handler is given and parsed where it is used. */
export class Handlers {
  readonly #byType: ReadonlyMap<string, TaskHandler>;

  constructor(handlers: TaskHandlers) {
    const entries = Object.entries(handlers) as [string, TaskHandler | undefined][];
    this.#byType = new Map(entries.flatMap(([type, handler]) => (handler === undefined ? [] : [[type, handler]])));
  }

  find(type: TaskType): TaskHandler | undefined {
    return this.#byType.get(type);
  }

  /** Types that may run as a daemon. */
  get daemons(): readonly string[] {
    return [...this.#byType].flatMap(([type, { daemon }]) => (daemon === true ? [type] : [])).sort();
  }

  /** @throws TaskError `unknown-type` */
  require(type: string): { readonly type: TaskType; readonly handler: TaskHandler } {
    const handler = this.#byType.get(type);
    if (handler !== undefined && isTaskType(type)) return { type, handler };
    const known = [...this.#byType.keys()].sort().join(', ');
    throw new TaskError(
      'unknown-type',
      `unknown task type "${type}"; this agent runs: ${known === '' ? 'none' : known}`,
    );
  }
}

/**
 * Parses the params of a type and fills in defaults. What Go sends for fields that nobody has set counts as absent.
 * @throws TaskError `invalid-params`, details.faults naming each member at fault.
 */
export const parseParams = (type: TaskType, params: unknown): JsonObject => {
  const parsed = taskParams[type].schema.safeParse(paramsWithoutZeroValues(type, params ?? {}));
  if (parsed.success) return jsonCopy(parsed.data);
  const faults = parsed.error.issues.map((issue) => ({
    path: pathOf(['params', ...issue.path]),
    message: issue.message,
  }));
  const text = faults.map(({ path, message }) => `${path}: ${message}`).join('; ');
  throw new TaskError('invalid-params', `invalid params of ${type}: ${text}`, { details: { faults } });
};

/** What a handler says about its params; what it throws that is no TaskError is a fault of the handler. */
export const locksOf = (handler: TaskHandler, type: TaskType, params: unknown): readonly LockName[] =>
  guarded(type, 'locks', () => handler.locks(params));

export const checkParams = (handler: TaskHandler, type: TaskType, params: unknown): void => {
  guarded(type, 'check', () => handler.check?.(params));
};

const guarded = <T>(type: TaskType, what: string, call: () => T): T => {
  try {
    return call();
  } catch (error) {
    if (error instanceof TaskError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new TaskError('internal', `${what} of the handler of ${type} threw: ${message}`, { cause: error });
  }
};

/** `params.files."config.toml".a` */
const pathOf = (path: readonly PropertyKey[]): string =>
  path.map((part) => (/^\w+$/u.test(String(part)) ? String(part) : JSON.stringify(String(part)))).join('.');
