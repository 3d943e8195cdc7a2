import { maxResultBytes, type Resume, type SubmitRequest } from '@nodetask/shared';
import type { AgentPod } from '../../agents/agent-pod.ts';
import type { AgentCall } from '../task-memory.ts';
import type { TargetView } from './target-view.ts';

/** Whether this pod's agent is known to have the task: it said so to this process. */
export const isAccepted = ({ memory }: TargetView): boolean => memory?.dispatch?.kind === 'accepted';

/** Whether the one run of a block height has begun, as far as status says: it is never sent again. */
export const hasFired = ({ ctx, result, runs }: TargetView): boolean =>
  ctx.mode === 'height' && ((result?.run ?? 0) > 0 || runs.length > 0);

export const readCall = ({ taskID }: TargetView, pod: AgentPod): AgentCall => ({ kind: 'read', pod, taskID });

/**
 * Hands the task to the agent: the same request, whenever and however often it is made. A height that has fired is only asked for, and while
 * spec.suspend is true everything is: an agent that has forgotten the task would start it anew.
 */
export const dispatchCall = (view: TargetView, pod: AgentPod): AgentCall =>
  hasFired(view) || view.ctx.spec?.suspend === true
    ? readCall(view, pod)
    : { kind: 'dispatch', pod, taskID: view.taskID, request: submitRequest(view) };

const submitRequest = (view: TargetView): SubmitRequest => {
  const { nodeTask, spec } = view.ctx;
  const { namespace, name, uid } = nodeTask.metadata;
  const resume = resumeFrom(view);
  return {
    id: view.taskID,
    type: nodeTask.spec.type,
    ...(spec?.params === undefined ? {} : { params: spec.params }),
    ...(spec?.async === undefined ? {} : { async: spec.async }),
    ...(spec?.timeoutSeconds === undefined ? {} : { timeoutSeconds: spec.timeoutSeconds }),
    ...(resume === undefined ? {} : { resume }),
    ref: { namespace, name, uid, maxResultBytes: maxResultBytes(view.targets) },
  };
};

/** What status remembers of a schedule or daemon, for an agent that lost its journal. */
const resumeFrom = ({ ctx, result, runs }: TargetView): Resume | undefined => {
  if (ctx.mode === 'one-shot' || result === undefined || result.run === 0) return undefined;
  const lastRunAt = runs[0]?.startedAt;
  return { lastRun: result.run, ...(lastRunAt === undefined ? {} : { lastRunAt }) };
};
