import {
  type ScheduleUpdate,
  type SubmitRequest,
  submitResponseSchema,
  type TaskResult,
  taskResultSchema,
} from '@nodetask/shared';
import * as z from 'zod';
import { boundedText } from '../bounded-text.ts';
import { AgentError } from './agent-error.ts';
import type { AgentHTTP, AgentRequest } from './agent-http.ts';
import type { AgentPod } from './agent-pod.ts';
import { parseJSON, retryAfter } from './agent-refusal.ts';

/** A newer agent may say more: members that are not known here are dropped. */
const tolerantResultSchema = z.object(taskResultSchema.shape);

/** How the stopping of a task stands. */
export type Removal = { readonly stopped: true } | { readonly stopped: false; readonly retryAfterMs?: number };

/** What the controller calls; AgentClient is one. */
export type AgentCalls = Pick<AgentClient, 'submit' | 'read' | 'reschedule' | 'remove'>;

/** The agent API as the operator uses it. Every call may be repeated. All throw AgentError; see AgentHTTP.call. */
export class AgentClient {
  readonly #http: AgentHTTP;

  constructor(http: AgentHTTP) {
    this.#http = http;
  }

  /** POST /v0/tasks with an id: accepted, now or by an earlier call. */
  async submit(
    pod: AgentPod,
    request: SubmitRequest & { readonly id: string },
    signal: AbortSignal,
    trace?: string,
  ): Promise<void> {
    const { id } = await this.#json(
      pod,
      { method: 'POST', path: '/v0/tasks', body: request, trace },
      submitResponseSchema,
      signal,
    );
    if (id !== request.id) throw new AgentError('silent', wrongID(pod, id, request.id));
  }

  /** GET /v0/tasks/{id}. AgentError `missing` where the agent does not know it. */
  async read(pod: AgentPod, id: string, signal: AbortSignal): Promise<TaskResult> {
    const result = await this.#json(pod, { method: 'GET', path: `/v0/tasks/${id}` }, tolerantResultSchema, signal);
    if (result.id !== id) throw new AgentError('silent', wrongID(pod, result.id, id));
    return result;
  }

  /** PUT /v0/tasks/{id}/schedule. */
  async reschedule(pod: AgentPod, id: string, update: ScheduleUpdate, signal: AbortSignal): Promise<void> {
    await this.#http.call(pod, { method: 'PUT', path: `/v0/tasks/${id}/schedule`, body: update }, signal);
  }

  /** DELETE /v0/tasks/{id}: stopped only once nothing of it runs any more; the id is never executed again. */
  async remove(pod: AgentPod, id: string, signal: AbortSignal): Promise<Removal> {
    const { status, headers } = await this.#http.call(pod, { method: 'DELETE', path: `/v0/tasks/${id}` }, signal);
    if (status !== 202) return { stopped: true };
    const retryAfterMs = retryAfter(headers['retry-after']);
    return { stopped: false, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }

  async #json<T>(pod: AgentPod, request: AgentRequest, schema: z.ZodType<T>, signal: AbortSignal): Promise<T> {
    const { body } = await this.#http.call(pod, request, signal);
    const parsed = schema.safeParse(parseJSON(body));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const where = issue === undefined ? '' : ` (${issue.path.join('.')}: ${issue.message})`;
    throw new AgentError(
      'silent',
      boundedText(
        `the agent of pod ${pod.metadata.name} answers ${request.method} ${request.path} with what is no answer of the agent API${where}`,
        512,
      ),
    );
  }
}

const wrongID = ({ metadata: { name } }: AgentPod, id: string, asked: string): string =>
  `the agent of pod ${name} answers with the id ${id} instead of ${asked}`;
