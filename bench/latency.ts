/**
 * From the answer to `apply` of a NodeTask to `Complete=True` seen by a watcher: a config-patch on a real CometBFT config.toml, one after
 * the other, on a real kube-apiserver. Beside it, in the same run, what the control plane itself takes: a write of a status and its watch event.
 *
 *   npm run bench -- latency [tasks]
 */
import type { NodeTask } from '@nodetask/shared';
import { startChain, startCluster, type Cluster, type KubeObject } from '@nodetask/testbed';
import { distribution } from './percentiles.ts';

type Seen = NodeTask & KubeObject;

const tasks = Number(process.argv[2] ?? '200');
const warmUp = 20;
const pod = 'bench-0';

/** When each object first was in the state that is waited for, by name. */
class Watcher {
  readonly #waiting = new Map<
    string,
    { readonly done: (task: Seen) => boolean; readonly resolve: (at: number) => void }
  >();

  until(name: string, done: (task: Seen) => boolean): Promise<number> {
    return new Promise((resolve) => this.#waiting.set(name, { done, resolve }));
  }

  async run(cluster: Cluster, signal: AbortSignal): Promise<void> {
    const path = `/apis/nodetask.dev/v1alpha1/namespaces/${cluster.namespace}/nodetasks`;
    const list = await cluster.admin.request({ method: 'GET', path });
    for await (const { type, object } of cluster.admin.watch<Seen>(
      path,
      String(list.metadata.resourceVersion),
      signal,
    )) {
      if (type === 'BOOKMARK') continue;
      const waiting = this.#waiting.get(object.metadata.name);
      if (waiting?.done(object) === true) {
        this.#waiting.delete(object.metadata.name);
        waiting.resolve(performance.now());
      }
    }
  }
}

const isComplete = (task: Seen): boolean =>
  task.status?.conditions?.some(({ type, status }) => type === 'Complete' && status === 'True') ?? false;

/** One task from apply to Complete, in milliseconds. */
const measure = async (cluster: Cluster, watcher: Watcher, number: number): Promise<number> => {
  const name = `patch-${String(number)}`;
  const complete = watcher.until(name, isComplete);
  await cluster.applyNodeTask(name, {
    type: 'config-patch',
    target: { podName: pod },
    params: { files: { 'config.toml': { p2p: { max_num_inbound_peers: 40 + number } } } },
  });
  const answered = performance.now();
  return Math.max(0, (await complete) - answered);
};

/** What a status write and its watch event take without any NodeTask program: the floor of the control plane. */
const measureFloor = async (cluster: Cluster, watcher: Watcher, number: number): Promise<number> => {
  const name = `patch-${String(number)}`;
  const message = `floor ${String(number)}`;
  const seen = watcher.until(name, (task) => task.metadata.annotations?.['bench/floor'] === message);
  const start = performance.now();
  await cluster.admin.request({
    method: 'PATCH',
    path: `/apis/nodetask.dev/v1alpha1/namespaces/${cluster.namespace}/nodetasks/${name}`,
    body: { metadata: { annotations: { 'bench/floor': message } } },
    contentType: 'application/merge-patch+json',
  });
  return (await seen) - start;
};

process.stderr.write('starting control plane, operator, agent …\n');
await using chain = await startChain();
await using cluster = await startCluster({ namespace: 'bench' });
await cluster.createAgentPod(pod, { home: chain.validator.home, nodeRPC: chain.validator.rpcUrl });
await chain.validator.stop();
const ending = new AbortController();
const watcher = new Watcher();
const watching = watcher.run(cluster, ending.signal);
for (let number = 0; number < warmUp; number += 1) await measure(cluster, watcher, number);
const times: number[] = [];
const floor: number[] = [];
for (let number = warmUp; number < warmUp + tasks; number += 1) {
  times.push(await measure(cluster, watcher, number));
  floor.push(await measureFloor(cluster, watcher, number));
}
ending.abort();
await watching;
process.stdout.write(`apply answered → Complete=True watched, ${String(tasks)} tasks: ${distribution(times)}\n`);
process.stdout.write(`one API write → watched, in the same run:              ${distribution(floor)}\n`);
