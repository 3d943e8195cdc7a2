import type { NodeTask } from '@nodetask/shared';
import type { KubeClient, KubeObject } from '@nodetask/testbed';

type Seen = NodeTask & KubeObject;

/** When NodeTasks of a namespace were first seen as Finished, by one watch. */
export class FinishWatch {
  readonly #waiting = new Map<string, PromiseWithResolvers<number>>();
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;

  private constructor(client: KubeClient, path: string, version: string) {
    this.#running = this.#run(client, path, version);
  }

  static async start(client: KubeClient, namespace: string): Promise<FinishWatch> {
    const path = `/apis/nodetask.dev/v1alpha1/namespaces/${namespace}/nodetasks`;
    const list = await client.request({ method: 'GET', path: `${path}?limit=1` });
    return new FinishWatch(client, path, String(list.metadata.resourceVersion));
  }

  /** To be called before the NodeTask is applied. Resolves with performance.now(). */
  finished(name: string): Promise<number> {
    const waiting = Promise.withResolvers<number>();
    this.#waiting.set(name, waiting);
    return waiting.promise;
  }

  async stop(): Promise<void> {
    this.#ending.abort(new Error('nothing is waited for any more'));
    await this.#running;
  }

  async #run(client: KubeClient, path: string, from: string): Promise<void> {
    let version = from;
    // The API server ends the watch of whoever does not read fast enough: on a busy machine that happens.
    while (!this.#ending.signal.aborted) {
      for await (const { type, object } of client.watch<Seen>(path, version, this.#ending.signal)) {
        version = object.metadata.resourceVersion;
        if (type !== 'BOOKMARK') this.#see(object);
      }
    }
  }

  #see(nodeTask: NodeTask): void {
    const { name } = nodeTask.metadata;
    const waiting = this.#waiting.get(name);
    if (waiting === undefined || !isFinished(nodeTask)) return;
    this.#waiting.delete(name);
    waiting.resolve(performance.now());
  }
}

const isFinished = ({ status }: NodeTask): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Finished' && value === 'True') ?? false;
