import { parseTraceParent } from '@nodetask/runtime';
import {
  headers,
  isTaskType,
  paramsWithoutZeroValues,
  requestWithoutZeroValues,
  type SubmitRequest,
  submitRequestSchema,
  TaskError,
  taskParams,
} from '@nodetask/shared';
import * as z from 'zod';
import { parseInput } from '../faults.ts';
import { readFencedBody } from '../fenced-body.ts';
import { quoteValue } from '../quote-value.ts';
import type { Route, RouteContext } from '../route.ts';

/** POST /v0/tasks: the one way in. The same id and request again get the same answer, and nothing runs twice. */
export const submitTask: Route = {
  method: 'post',
  path: '/v0/tasks',
  access: 'authenticated',
  mutating: true,
  doc: {
    operationId: 'submitTask',
    summary: 'Accept a task',
    description:
      'Runs a task once, now, or takes a schedule or daemon. Nothing waits inside the agent: what cannot start is refused with `busy`. The same id again: the same request is answered as before, with another timeoutSeconds that counts from the next run on; another request is refused, naming what differs. The header X-NodeTask-Known then says the status of the known task: one that is failed runs again only if run is its stored run + 1. Null, and the zero values of Go where the schema does not take them, mean that a member is absent.',
    body: 'SubmitRequest',
    responses: {
      201: { description: 'A schedule or daemon was accepted.', schema: 'SubmitResponse' },
      202: { description: 'A one-shot was accepted.', schema: 'SubmitResponse' },
    },
    errors: [
      'invalid-json',
      'invalid-request',
      'unknown-type',
      'invalid-params',
      'invalid-schedule',
      'egress-refused',
      'foreign-namespace',
      'busy',
      'conflict',
      'schedule-conflict',
      'run-mismatch',
      'gone',
      'payload-too-large',
      'unsupported-media-type',
      'stopping',
    ],
  },
  handler: (context) => async (request, response) => {
    const body = requestWithoutZeroValues(await readFencedBody(request, context.engine));
    if (context.stopping()) throw stoppingError();
    const task = parseInput(submitRequestSchema, body, 'invalid-request', 'The task is not valid');
    checkNamespace(task, context);
    const { id, async, known } = submit(task, traceOf(request.get(headers.trace)), context);
    if (known !== undefined) response.set(headers.known, known);
    response.status(async === undefined ? 202 : 201).json({ id });
  },
};

export const stoppingError = (): TaskError =>
  new TaskError('stopping', 'The agent is shutting down and takes no new work. Try again when it is back.');

/** What is no traceparent does not count, as the standard says. */
const traceOf = (header: string | undefined): string | undefined =>
  header !== undefined && parseTraceParent(header) !== undefined ? header : undefined;

/** The engine names what is wrong with params; here, the offending values are known too. */
const submit = (
  task: SubmitRequest,
  trace: string | undefined,
  { engine }: RouteContext,
): ReturnType<RouteContext['engine']['submitRequest']> => {
  try {
    return engine.submitRequest(task, trace);
  } catch (error) {
    if (error instanceof TaskError && error.code === 'invalid-params' && isTaskType(task.type)) {
      const schema = z.object({ params: taskParams[task.type].schema });
      const params = paramsWithoutZeroValues(task.type, task.params ?? {});
      parseInput(schema, { params }, 'invalid-params', `The params of ${task.type} are not valid`);
    }
    throw error;
  }
};

/** An agent writes results only to NodeTasks of its own namespace, so that it needs no rights in others. */
const checkNamespace = ({ ref }: SubmitRequest, { namespace }: RouteContext): void => {
  if (ref === undefined || ref.namespace === namespace) return;
  throw new TaskError(
    'foreign-namespace',
    namespace === undefined
      ? `ref.namespace is ${quoteValue(ref.namespace)}, but the agent does not know its own namespace. Set POD_NAMESPACE, or send no ref.`
      : `ref.namespace is ${quoteValue(ref.namespace)}, but the agent is in ${quoteValue(namespace)}. Address an agent in the namespace of the NodeTask.`,
  );
};
