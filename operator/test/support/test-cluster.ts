import type { NodeTask } from '@nodetask/shared';
import type { Cluster } from '@nodetask/testbed';

/** Watches a NodeTask until the condition holds, and returns it. */
export const until = async (
  cluster: Cluster,
  name: string,
  what: string,
  holds: (nodeTask: NodeTask) => boolean,
  timeoutMs = 30_000,
): Promise<NodeTask> => {
  const found = await cluster.untilNodeTask<NodeTask>(name, (object) => object !== undefined && holds(object), {
    what: `${name} ${what}`,
    timeoutMs,
  });
  if (found === undefined) throw new Error(`${name} is gone`);
  return found;
};

/** Reason of a condition that is True. */
export const reasonOf = ({ status }: NodeTask, type: string): string | undefined =>
  status?.conditions?.find((condition) => condition.type === type && condition.status === 'True')?.reason;

export const untilFinished = async (
  cluster: Cluster,
  name: string,
  runID?: string,
  timeoutMs?: number,
): Promise<NodeTask> =>
  until(
    cluster,
    name,
    'to finish',
    (nodeTask) => reasonOf(nodeTask, 'Finished') !== undefined && nodeTask.status?.runID === runID,
    timeoutMs,
  );

export const pathOf = (cluster: Cluster, name: string): string =>
  `/apis/nodetask.dev/v1alpha1/namespaces/${cluster.namespace}/nodetasks/${name}`;

interface Event {
  readonly reason: string;
  readonly type: string;
  readonly note: string;
  readonly regarding: { readonly name: string };
}

/** Events about a NodeTask. */
export const eventsOf = async (cluster: Cluster, name: string): Promise<readonly Event[]> => {
  const path = `/apis/events.k8s.io/v1/namespaces/${cluster.namespace}/events`;
  const list = await cluster.admin.get<{ readonly items: readonly Event[] }>(path);
  return (list?.items ?? []).filter(({ regarding }) => regarding.name === name);
};
