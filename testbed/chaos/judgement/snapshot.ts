// What agents and API server say at one moment; the agents are asked first, so that status has had all the time that it gets.
import type { NodeTask, TaskResult } from '@nodetask/shared';
import type { AgentProcess } from '../../src/agent-process.ts';
import type { Cluster } from '../../src/cluster.ts';
import type { KubeObject } from '../../src/kube/kube-client.ts';
import { persistently } from '../persistently.ts';

export type Seen = NodeTask & KubeObject;

export interface Snapshot {
  /** When the agents were asked, by this machine's clock. */
  readonly at: number;
  /** By id, of all agents. */
  readonly results: ReadonlyMap<string, TaskResult>;
  readonly nodeTasks: ReadonlyMap<string, Seen>;
}

const nextPage = /<([^>]+)>;\s*rel="?next/;

export const takeSnapshot = async (cluster: Cluster, agents: readonly AgentProcess[]): Promise<Snapshot> => {
  const at = Date.now();
  const held = await Promise.all(agents.map(resultsOf));
  const path = `/apis/nodetask.dev/v1alpha1/namespaces/${cluster.namespace}/nodetasks`;
  const { items } = await persistently(async () =>
    cluster.admin.request<KubeObject & { readonly items: readonly Seen[] }>({ method: 'GET', path }),
  );
  return {
    at,
    results: new Map(held.flat().map((result) => [result.id, result])),
    nodeTasks: new Map(items.map((item) => [item.metadata.name, item])),
  };
};

const resultsOf = async (agent: AgentProcess): Promise<readonly TaskResult[]> => {
  const all: TaskResult[] = [];
  let path: string | undefined = '/v0/tasks?limit=100';
  while (path !== undefined) {
    const { status, headers, body } = await agent.request('GET', path, { timeoutMs: 30_000 });
    if (status !== 200) throw new Error(`${agent.url}${path} answered ${status}`);
    all.push(...(body as TaskResult[]));
    path = nextPage.exec(headers.get('link') ?? '')?.[1];
  }
  return all;
};
