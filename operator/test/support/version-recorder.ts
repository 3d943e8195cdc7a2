import type { NodeTask } from '@nodetask/shared';
import { type Cluster, type KubeObject, waitFor } from '@nodetask/testbed';

export type RecordedNodeTask = NodeTask & KubeObject;

/** Keeps every version of every NodeTask of the cluster's namespace that a watch sees, from the first on. */
export class VersionRecorder implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #versions = new Map<string, RecordedNodeTask[]>();
  readonly #end = new AbortController();
  readonly #path: string;
  #watching: Promise<void> = Promise.resolve();
  #ended: Error | undefined;

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#path = `/apis/nodetask.dev/v1alpha1/namespaces/${cluster.namespace}/nodetasks`;
  }

  static async start(cluster: Cluster): Promise<VersionRecorder> {
    const recorder = new VersionRecorder(cluster);
    const list = await cluster.admin.request({ method: 'GET', path: recorder.#path });
    const end = (cause?: unknown): void => {
      recorder.#ended = new Error('the watch has ended: what came after is not recorded', { cause });
    };
    recorder.#watching = recorder.#record(list.metadata.resourceVersion ?? '').then(end, end);
    return recorder;
  }

  /** What there was of a NodeTask, oldest first. */
  versions(name: string): readonly RecordedNodeTask[] {
    return this.#versions.get(name) ?? [];
  }

  /** Waits until the newest version holds, and returns it. */
  async until(name: string, what: string, holds: (nodeTask: RecordedNodeTask) => boolean): Promise<RecordedNodeTask> {
    return waitFor(
      () => {
        if (this.#ended !== undefined) throw this.#ended;
        const newest = this.versions(name).at(-1);
        return newest !== undefined && holds(newest) ? newest : undefined;
      },
      {
        what: `${name} ${what}`,
        timeoutMs: 90_000,
        intervalMs: 10,
        detail: () => JSON.stringify(this.versions(name).at(-1)?.status),
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new Error('the recorder is stopped'));
    await this.#watching;
  }

  async #record(resourceVersion: string): Promise<void> {
    const { admin } = this.#cluster;
    for await (const { type, object } of admin.watch<RecordedNodeTask>(this.#path, resourceVersion, this.#end.signal)) {
      if (type === 'BOOKMARK') continue;
      const { name } = object.metadata;
      this.#versions.set(name, [...this.versions(name), object]);
    }
  }
}
