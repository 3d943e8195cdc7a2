import type { Wishes } from './annotations.ts';
import type { Pod } from './pod.ts';

/** Whom the agent runs as, for its security context. */
interface AgentUser {
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly runAsNonRoot: boolean;
}

/**
 * The user who may write what the node has written: that of the pod's first container, where it is said. Else that of the agent's image, 65532;
 * a user that only the node's image names cannot be seen here.
 */
export const agentUser = (pod: Pod, wishes: Wishes): AgentUser => {
  const node = nodeUser(pod);
  const user = wishes['run-as-user'] ?? node.user;
  const group = wishes['run-as-group'] ?? node.group;
  return {
    ...(user === undefined ? {} : { runAsUser: user }),
    ...(group === undefined ? {} : { runAsGroup: group }),
    runAsNonRoot: user !== 0,
  };
};

/** User and group of the pod's first container, as far as the pod says. */
export const nodeUser = ({ spec }: Pod): { readonly user: number | undefined; readonly group: number | undefined } => {
  const own = spec.containers[0]?.securityContext;
  return {
    user: own?.runAsUser ?? spec.securityContext?.runAsUser,
    group: own?.runAsGroup ?? spec.securityContext?.runAsGroup,
  };
};
