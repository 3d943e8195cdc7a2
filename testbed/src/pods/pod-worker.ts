// The life of one pod under the fake kubelet: address → workload → Running → readiness followed → workload stopped.
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeApiError } from '../kube/kube-client.ts';
import type { KubeClient } from '../kube/kube-client.ts';
import { freeLoopbackAddress } from '../net/free-port.ts';
import { httpCall } from '../net/http-call.ts';
import { agentPortOf, podKey, podPath } from './pod.ts';
import type { Pod } from './pod.ts';
import { podStatusPatch } from './pod-status.ts';

/** What runs in a pod: in the testbed, the agent as a local process. */
export interface Workload {
  /** How often the process was started, for restartCount. */
  readonly starts: number;
  /** Of its probes (default HTTP). */
  readonly scheme?: 'HTTP' | 'HTTPS';
  stop(): Promise<void>;
}

export interface PodWorkerOptions {
  readonly client: KubeClient;
  /** Starts what runs in the pod; it listens on `ip` and the pod's agent port. It need not serve yet. */
  readonly startWorkload: (pod: Pod, ip: string) => Promise<Workload>;
  readonly log: (line: string) => void;
}

const PROBE_TIMEOUT_MS = 1_000;
const FIRST_PROBE_MS = 50;
const PROBE_INTERVAL_MS = 1_000;
const RETRY_MS = 200;

export class PodWorker {
  readonly #options: PodWorkerOptions;
  readonly #pod: Pod;
  readonly #stopping = new AbortController();
  readonly #done: Promise<void>;

  constructor(pod: Pod, options: PodWorkerOptions) {
    this.#pod = pod;
    this.#options = options;
    this.#done = this.#run();
    // stop() reports it again; here it is only said early.
    this.#done.catch((error: unknown) => options.log(`pod ${podKey(pod)}: ${String(error)}`));
  }

  get uid(): string {
    return this.#pod.metadata.uid;
  }

  /** Ends the workload. Rejects with what went wrong in the pod's life, if anything did. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error(`pod ${podKey(this.#pod)} is stopped`));
    await this.#done;
  }

  async #run(): Promise<void> {
    const ip = await freeLoopbackAddress(agentPortOf(this.#pod));
    const startedAt = new Date();
    const workload = await this.#options.startWorkload(this.#pod, ip);
    try {
      await this.#follow(ip, startedAt, workload);
    } finally {
      await workload.stop();
    }
  }

  /** Writes the status at first and at each change of readiness or restarts, until the pod ends. */
  async #follow(ip: string, startedAt: Date, workload: Workload): Promise<void> {
    const { signal } = this.#stopping;
    const scheme = (workload.scheme ?? 'HTTP').toLowerCase();
    const url = `${scheme}://${ip}:${agentPortOf(this.#pod)}/v0/healthz`;
    let interval = FIRST_PROBE_MS;
    let written: { readonly ready: boolean; readonly restarts: number } | undefined;
    while (!signal.aborted) {
      const ready = written !== undefined && (await this.#probe(url));
      const restarts = workload.starts - 1;
      if (written === undefined || written.ready !== ready || written.restarts !== restarts) {
        const state = { ip, ready, startedAt, readyChangedAt: new Date(), restarts };
        if (!(await this.#writeStatus(state))) return;
        written = { ready, restarts };
        interval = FIRST_PROBE_MS;
      }
      await this.#pause(interval);
      interval = Math.min(interval * 1.5, PROBE_INTERVAL_MS);
    }
  }

  async #probe(url: string): Promise<boolean> {
    try {
      // No certificate is looked at, as by a kubelet.
      const { status } = await httpCall({
        url,
        signal: AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]),
      });
      return status === 200;
    } catch {
      // Refused, reset or silent: not ready, whatever it was.
      return false;
    }
  }

  /** False when the pod is gone. Goes on over an outage of the API server. */
  async #writeStatus(state: Parameters<typeof podStatusPatch>[1]): Promise<boolean> {
    const { signal } = this.#stopping;
    let reported = false;
    while (!signal.aborted) {
      try {
        await this.#options.client.request({
          method: 'PATCH',
          path: `${podPath(this.#pod)}/status`,
          // With the uid: a pod of the same name that came after this one must not get its address.
          body: { metadata: { uid: this.uid }, ...podStatusPatch(this.#pod, state) },
          contentType: 'application/merge-patch+json',
          signal,
        });
        return true;
      } catch (error) {
        if (signal.aborted) return false;
        if (error instanceof KubeApiError && (error.status === 404 || error.status === 409)) return false;
        if (error instanceof KubeApiError && error.status < 500 && error.status !== 429) throw error;
        if (!reported) this.#options.log(`pod ${podKey(this.#pod)}: status not written, trying on: ${String(error)}`);
        reported = true;
        await this.#pause(RETRY_MS);
      }
    }
    return false;
  }

  async #pause(ms: number): Promise<void> {
    try {
      await sleep(ms, undefined, { signal: this.#stopping.signal });
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error;
    }
  }
}
