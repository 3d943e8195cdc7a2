// A fake kubelet: it watches the pods with an agent, gives each an address of its own in 127.0.0.0/8, runs its agent and reports the pod's
// status. It does not restart an agent that ends: tests decide when a killed agent comes back.
import { setTimeout as sleep } from 'node:timers/promises';
import { agentLabel, agentLabelValue } from '@nodetask/shared';
import type { KubeObject } from './kube/kube-client.ts';
import { isGated, podKey, podPath } from './pods/pod.ts';
import type { Pod } from './pods/pod.ts';
import { PodWorker } from './pods/pod-worker.ts';
import type { PodWorkerOptions } from './pods/pod-worker.ts';

/** All of them: a pod that loses its label runs on, as on a real node. */
const PODS = '/api/v1/pods';
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 2_000;

export class FakeKubelet implements AsyncDisposable {
  readonly #options: PodWorkerOptions;
  readonly #workers = new Map<string, PodWorker>();
  /** Workers that are stopping, by pod: a new pod of the same name waits for the old one, as it would for its volume. */
  readonly #stopping = new Map<string, Promise<void>>();
  readonly #errors: unknown[] = [];
  readonly #end = new AbortController();
  readonly #loop: Promise<void>;

  /** Starts at once. */
  constructor(options: PodWorkerOptions) {
    this.#options = options;
    this.#loop = this.#run();
  }

  /** Ends every workload. Rejects if anything went wrong in the life of a pod. */
  async stop(): Promise<void> {
    this.#end.abort(new Error('the fake kubelet is stopped'));
    await this.#loop;
    for (const key of this.#workers.keys()) this.#remove(key);
    await Promise.all(this.#stopping.values());
    if (this.#errors.length > 0)
      throw new AggregateError(this.#errors, `the fake kubelet had errors: ${this.#errors.join('; ')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    let retry = FIRST_RETRY_MS;
    while (!signal.aborted) {
      try {
        const version = await this.#list();
        retry = FIRST_RETRY_MS;
        for await (const { type, object } of this.#options.client.watch<Pod>(PODS, version, signal)) {
          if (type === 'DELETED') this.#remove(podKey(object), object.metadata.uid);
          else if (type !== 'BOOKMARK') this.#observe(object);
        }
      } catch (error) {
        if (signal.aborted) return;
        // The API server is down or the version expired: list again.
        this.#options.log(`watch of pods ended, listing again in ${retry} ms: ${String(error)}`);
        await sleep(retry);
        retry = Math.min(retry * 2, MAX_RETRY_MS);
      }
    }
  }

  async #list(): Promise<string> {
    const { signal } = this.#end;
    const list = await this.#options.client.request<KubeObject & { items: Pod[] }>({
      method: 'GET',
      path: PODS,
      signal,
    });
    const present = new Set(list.items.map(podKey));
    for (const key of this.#workers.keys()) if (!present.has(key)) this.#remove(key);
    for (const pod of list.items) this.#observe(pod);
    return String(list.metadata.resourceVersion);
  }

  #observe(pod: Pod): void {
    const key = podKey(pod);
    const worker = this.#workers.get(key);
    if (worker === undefined && (pod.metadata.labels?.[agentLabel] !== agentLabelValue || isGated(pod))) return;
    if (worker !== undefined && worker.uid !== pod.metadata.uid) this.#remove(key);
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.#terminate(pod);
      return;
    }
    if (this.#workers.has(key)) return;
    const previous = this.#stopping.get(key);
    if (previous === undefined) {
      this.#workers.set(key, new PodWorker(pod, this.#options));
      return;
    }
    void previous.then(() => {
      if (!this.#end.signal.aborted && !this.#workers.has(key))
        this.#workers.set(key, new PodWorker(pod, this.#options));
      return undefined;
    });
  }

  /** Only a pod with a nodeName stays as Terminating until its kubelet deletes it for good. */
  #terminate(pod: Pod): void {
    const key = podKey(pod);
    this.#remove(key);
    const stopped = this.#stopping.get(key) ?? Promise.resolve();
    const gone = stopped
      .then(async () => this.#options.client.delete(podPath(pod), { gracePeriodSeconds: 0, uid: pod.metadata.uid }))
      .catch((error: unknown) => {
        this.#errors.push(error);
      });
    this.#track(key, gone);
  }

  #remove(key: string, uid?: string): void {
    const worker = this.#workers.get(key);
    if (worker === undefined || (uid !== undefined && worker.uid !== uid)) return;
    this.#workers.delete(key);
    this.#track(
      key,
      worker.stop().catch((error: unknown) => {
        this.#errors.push(error);
      }),
    );
  }

  #track(key: string, end: Promise<void>): void {
    const tracked = end.then(() => {
      if (this.#stopping.get(key) === tracked) this.#stopping.delete(key);
      return undefined;
    });
    this.#stopping.set(key, tracked);
  }
}
