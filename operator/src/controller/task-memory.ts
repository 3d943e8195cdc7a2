import type { BlockedBy, ScheduleUpdate, SubmitRequest, TaskResult } from '@nodetask/shared';
import type { Silence } from '../agents/agent-error.ts';
import type { AgentPod } from '../agents/agent-pod.ts';
import { firstRetryMs, lastRetryMs } from './timing.ts';

/** A call that decide asks for. Each may be repeated at any time. */
export type AgentCall = { readonly pod: AgentPod; readonly taskID: string } & (
  | { readonly kind: 'dispatch'; readonly request: SubmitRequest }
  | { readonly kind: 'read' }
  | { readonly kind: 'reschedule'; readonly update: ScheduleUpdate }
  | { readonly kind: 'remove' }
);

/** What came of it. `refused` is for good, `silent` is not: no answer, or none that says anything about the task. */
export type AgentAnswer =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'busy'; readonly by?: BlockedBy; readonly retryAfterMs?: number }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'gone' }
  | { readonly kind: 'found'; readonly result: TaskResult }
  | { readonly kind: 'missing' }
  | { readonly kind: 'rescheduled' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'stopping'; readonly retryAfterMs?: number }
  | { readonly kind: 'silent'; readonly message: string; readonly why?: Silence; readonly retryAfterMs?: number };

/**
 * What agents have answered about one task, as far as this process has asked. It saves repeated calls and nothing else: all of it
 * may be lost at any time, and the calls are made again.
 */
export interface TaskMemory {
  /** The pod that answered last; answers of a replaced pod say nothing about its successor. */
  readonly podUID: string;
  /** Restarts of the pod's containers when it answered; absent = none. */
  readonly restarts?: number;
  readonly dispatch?:
    | { readonly kind: 'accepted'; readonly at: number; readonly timeoutSeconds?: number }
    | { readonly kind: 'busy'; readonly by?: BlockedBy }
    | { readonly kind: 'refused'; readonly generation: number; readonly code: string; readonly message: string }
    | { readonly kind: 'gone' };
  /** What GET found. */
  readonly found?: TaskResult;
  /** When GET first found the run that `found` is of. */
  readonly foundAt?: number;
  /** GET found nothing. */
  readonly missing?: true;
  readonly readAt?: number;
  /** JSON of the update that PUT …/schedule took. */
  readonly rescheduled?: string;
  /** DELETE answered that nothing runs any more. */
  readonly stopped?: true;
  /** Since when the agent has said nothing about the task, and why; without a `why` it cannot be reached. */
  readonly silence?: { readonly since: number; readonly message: string; readonly why?: Silence };
  /** Calls in a row that have to be made again. */
  readonly failures: number;
  /** No call before. */
  readonly retryAt?: number;
}

/**
 * The memory after one more answer. Pure.
 * @param generation of the NodeTask: a refusal counts until it changes.
 */
export const remember = (
  before: TaskMemory | undefined,
  call: AgentCall,
  answer: AgentAnswer,
  { now, generation }: { readonly now: number; readonly generation: number },
): TaskMemory => {
  const failures = before?.failures ?? 0;
  const silence = before?.silence;
  const known = knownOf(before, call.pod, answer);
  const again = (retryAfterMs: number | undefined): Pick<TaskMemory, 'failures' | 'retryAt'> => ({
    failures: failures + 1,
    retryAt: now + Math.min(lastRetryMs, Math.max(retryAfterMs ?? 0, firstRetryMs * 2 ** Math.min(failures, 10))),
  });

  switch (answer.kind) {
    case 'accepted': {
      const { missing: _, ...present } = known;
      const timeoutSeconds = call.kind === 'dispatch' ? call.request.timeoutSeconds : undefined;
      const limit = timeoutSeconds === undefined ? {} : { timeoutSeconds };
      return { ...present, failures: 0, dispatch: { kind: 'accepted', at: now, ...limit } };
    }
    case 'busy':
      return {
        ...known,
        ...again(undefined),
        dispatch: { kind: 'busy', ...(answer.by === undefined ? {} : { by: answer.by }) },
      };
    case 'refused':
      return {
        ...known,
        failures: 0,
        dispatch: { kind: 'refused', generation, code: answer.code, message: answer.message },
      };
    case 'gone':
      return { ...known, failures: 0, dispatch: { kind: 'gone' } };
    case 'found': {
      const { missing: _, ...present } = known;
      const foundAt = known.found?.run === answer.result.run ? (known.foundAt ?? now) : now;
      return { ...present, failures: 0, found: answer.result, foundAt, readAt: now };
    }
    case 'missing': {
      const { dispatch: _, found: __, foundAt: ___, ...forgotten } = known;
      return { ...forgotten, failures: 0, missing: true, readAt: now };
    }
    case 'rescheduled':
      return {
        ...known,
        failures: 0,
        ...(call.kind === 'reschedule' ? { rescheduled: JSON.stringify(call.update) } : {}),
      };
    case 'stopped':
      return { ...known, failures: 0, stopped: true };
    case 'stopping':
      return { ...known, ...again(answer.retryAfterMs) };
    case 'silent':
      return {
        ...known,
        ...again(answer.retryAfterMs),
        silence: {
          since: silence?.since ?? now,
          message: answer.message,
          ...(answer.why === undefined ? {} : { why: answer.why }),
        },
      };
    default:
      return answer satisfies never;
  }
};

/** What stays true of the memory when one more answer has come: nothing that another pod said, and no silence. */
const knownOf = (
  before: TaskMemory | undefined,
  { metadata: { uid: podUID }, restarts }: AgentPod,
  answer: AgentAnswer,
): Omit<TaskMemory, 'failures' | 'retryAt' | 'silence'> => {
  const answeredAt = answer.kind === 'silent' ? (before?.restarts ?? 0) : restarts;
  const since = answeredAt === 0 ? {} : { restarts: answeredAt };
  if (before?.podUID !== podUID) return { podUID, ...(answer.kind === 'silent' ? {} : since) };
  const { failures: _, retryAt: __, silence: ___, restarts: ____, ...known } = before;
  return { ...known, ...since };
};
