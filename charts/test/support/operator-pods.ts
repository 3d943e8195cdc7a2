import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ControlPlane,
  freePort,
  type KubeObject,
  OperatorProcess,
  type Pod,
  podStatusPatch,
} from '@nodetask/testbed';

import type { LoopbackService } from './loopback-service.ts';

export interface OperatorPodsOptions {
  readonly controlPlane: ControlPlane;
  readonly namespace: string;
  /** Bearer token of the agents; with TLS it is of no use. */
  readonly agentTokenFile: string;
  /** What stands before the HTTPS servers of those that are ready. */
  readonly service: LoopbackService;
}

const retryMs = 100;

interface Replica {
  readonly operator: OperatorProcess;
  /** Of its HTTPS server; absent where it has none. */
  readonly port?: number;
}

/**
 * What a kubelet does for the pods of the operator's Deployment: the operator runs with the arguments that the Deployment gives it, as its service account,
 * and the pod is Ready once /readyz says so. Only addresses are others: all are on one loopback.
 */
export class OperatorPods implements AsyncDisposable {
  readonly #options: OperatorPodsOptions;
  readonly #path: string;
  readonly #running = new Map<string, Replica & { readonly ready: Promise<void> }>();
  readonly #errors: unknown[] = [];
  readonly #end = new AbortController();
  readonly #loop: Promise<void>;

  constructor(options: OperatorPodsOptions) {
    this.#options = options;
    this.#path = `/api/v1/namespaces/${options.namespace}/pods?labelSelector=app.kubernetes.io%2Fcomponent%3Doperator`;
    this.#loop = this.#watch();
  }

  /** The processes that run, by the name of their pod. */
  get operators(): ReadonlyMap<string, OperatorProcess> {
    return new Map([...this.#running].map(([name, { operator }]) => [name, operator]));
  }

  /** Ends all of them. Rejects with what went wrong meanwhile. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new Error('the operator pods are stopped'));
    await this.#loop;
    for (const name of this.#running.keys()) await this.#stop(name);
    if (this.#errors.length > 0) throw new AggregateError(this.#errors, `operator pods: ${this.#errors.join('; ')}`);
  }

  async #watch(): Promise<void> {
    const { admin } = this.#options.controlPlane;
    const { signal } = this.#end;
    while (!signal.aborted) {
      try {
        const list = await admin.request<KubeObject & { items: Pod[] }>({ method: 'GET', path: this.#path, signal });
        for (const pod of list.items) await this.#observe(pod);
        for await (const { type, object } of admin.watch<Pod>(
          this.#path,
          String(list.metadata.resourceVersion),
          signal,
        )) {
          if (type === 'DELETED') await this.#stop(object.metadata.name);
          else if (type !== 'BOOKMARK') await this.#observe(object);
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#errors.push(error);
        await sleep(retryMs);
      }
    }
  }

  async #observe(pod: Pod): Promise<void> {
    const { name, deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined || this.#running.has(name)) return;
    const replica = await this.#launch(pod);
    const ready = this.#report(pod, replica).catch((error: unknown) => {
      if (this.#running.get(name)?.operator === replica.operator && !this.#end.signal.aborted) this.#errors.push(error);
    });
    this.#running.set(name, { ...replica, ready });
  }

  async #launch(pod: Pod): Promise<Replica> {
    const { controlPlane, namespace, agentTokenFile } = this.#options;
    const { name, uid } = pod.metadata;
    const [container] = pod.spec.containers as readonly (Pod['spec']['containers'][number] & {
      readonly args?: readonly string[];
    })[];
    const args = container?.args ?? [];
    const { token } = await controlPlane.serviceAccountToken({
      namespace,
      serviceAccount: pod.spec.serviceAccountName ?? 'default',
      pod: { name, uid },
    });
    const logs = join(controlPlane.folder, 'logs');
    await mkdir(logs, { recursive: true });
    const port = args.includes('--agent-tls') ? await freePort() : undefined;
    const addresses = port === undefined ? [] : ['--secure-listen', `127.0.0.1:${port}`, '--service-host', '127.0.0.1'];
    const operator = new OperatorProcess({
      name,
      kubeconfig: await controlPlane.kubeconfig(name, { token, namespace }),
      agentTokenFile,
      healthPort: await freePort(),
      logFile: join(logs, `${name}.log`),
      settings: { leaderElect: false, args: [...args, ...addresses] },
    });
    await operator.process.launch();
    return { operator, ...(port === undefined ? {} : { port }) };
  }

  async #report(pod: Pod, { operator, port }: Replica): Promise<void> {
    const startedAt = new Date();
    await operator.process.untilReady();
    if (port !== undefined) this.#options.service.add(pod.metadata.name, port);
    const state = { ip: '127.0.0.1', ready: true, startedAt, readyChangedAt: new Date(), restarts: 0 };
    const { name, namespace, uid } = pod.metadata;
    await this.#options.controlPlane.admin.request({
      method: 'PATCH',
      path: `/api/v1/namespaces/${namespace}/pods/${name}/status`,
      body: { metadata: { uid }, ...podStatusPatch(pod, state) },
      contentType: 'application/merge-patch+json',
      signal: this.#end.signal,
    });
  }

  async #stop(name: string): Promise<void> {
    const running = this.#running.get(name);
    if (running === undefined) return;
    this.#running.delete(name);
    this.#options.service.remove(name);
    await running.operator.stop();
    await running.ready;
  }
}
