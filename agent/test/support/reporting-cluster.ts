import { mkdir, rm, writeFile } from 'node:fs/promises';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@nodetask/runtime';
import { maxResultBytes, type NodeTaskStatus, type TaskRef } from '@nodetask/shared';
import {
  type Cluster,
  type FaultProxy,
  type KubeObject,
  startCluster,
  startFaultProxy,
  targetOf,
} from '@nodetask/testbed';
import { Engine } from '../../src/engine/engine.ts';
import { createMetrics } from '../../src/metrics/agent-metrics.ts';
import { ApiServer } from '../../src/report/api-server.ts';
import { Reporter } from '../../src/report/reporter.ts';
import { ServiceAccount } from '../../src/report/service-account.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { LogLines } from './log-lines.ts';
import { TestHandlers } from './test-handlers.ts';

export interface ReportedObject extends KubeObject {
  readonly status?: NodeTaskStatus;
}

/** A real API server with the CRD and the agents' rights, and reporters with engines in memory before it. */
export class ReportingCluster implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly proxy: FaultProxy;
  #pods = 0;

  private constructor(cluster: Cluster, proxy: FaultProxy) {
    this.cluster = cluster;
    this.proxy = proxy;
  }

  static async start(): Promise<ReportingCluster> {
    const cluster = await startCluster({ operator: false });
    const proxy = await startFaultProxy({ target: targetOf(cluster.controlPlane.server) });
    return new ReportingCluster(cluster, proxy);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy.close();
    await this.cluster.stop();
  }

  /** A NodeTask, and the ref under which its tasks are submitted. */
  async createNodeTask(name: string): Promise<TaskRef> {
    const object = await this.cluster.applyNodeTask(name, { type: 'mark-ready', target: { podName: 'any' } });
    return {
      namespace: this.cluster.namespace,
      name,
      uid: object.metadata.uid ?? '',
      maxResultBytes: maxResultBytes(1),
    };
  }

  /** UID of the pod that a reporter is of; nothing runs in it. */
  async #podUID(name: string): Promise<string> {
    const { admin, namespace } = this.cluster;
    const known = await admin.get(`/api/v1/namespaces/${namespace}/pods/${name}`);
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace },
      spec: { serviceAccountName: 'nodetask-agent', containers: [{ name: 'agent', image: 'testbed/agent' }] },
    };
    const { metadata }: KubeObject = known ?? (await admin.create(pod));
    return metadata.uid ?? '';
  }

  async until(
    name: string,
    what: string,
    condition: (object: ReportedObject | undefined) => boolean,
  ): Promise<ReportedObject | undefined> {
    return this.cluster.untilNodeTask<ReportedObject>(name, condition, { what });
  }

  /** An engine with a reporter for a pod of its own. */
  async startReporter(options: { readonly token?: string; readonly podName?: string } = {}) {
    const podName = options.podName ?? `pod-${String(++this.#pods)}`;
    const { controlPlane, namespace } = this.cluster;
    const folder = join(controlPlane.folder, `account-${podName}-${String(Date.now())}`);
    await mkdir(folder);
    await copyFile(controlPlane.caFile, join(folder, 'ca.crt'));
    const tokenFile = join(folder, 'token');
    const pod = { name: podName, uid: await this.#podUID(podName) };
    const freshToken = async (): Promise<string> =>
      (await controlPlane.serviceAccountToken({ namespace, serviceAccount: 'nodetask-agent', pod })).token;
    await writeFile(tokenFile, options.token ?? (await freshToken()));

    const stop = new AbortController();
    const tests = new TestHandlers();
    const store = new MemoryStore();
    const engine = new Engine({ handlers: tests.handlers, store, signal: stop.signal });
    const log = new LogLines();
    const { host, port } = targetOf(this.proxy.url('https'));
    const transport = new ApiServer({ host, port }, new ServiceAccount(folder, systemClock), 'nodetask-agent/test');
    const metrics = createMetrics({ reportQueueDepth: () => 0, eventStreams: () => 0, ready: () => true });
    const reporter = new Reporter({
      engine,
      transport,
      podName,
      podUID: pod.uid,
      clock: systemClock,
      random: Math.random,
      logger: log.logger,
      metrics,
    });
    reporter.start();
    return {
      podName,
      engine,
      tests,
      log,
      reporter,
      metrics,
      tokenFile,
      freshToken,
      /** Submits and waits for its end (not for the report). */
      markReady: async (ref: TaskRef): Promise<string> => {
        const id = engine.submit({ type: 'mark-ready', ref });
        await engine.stopped(id);
        return id;
      },
      /** Resolves once nothing is unreported any more. */
      untilReported: async (): Promise<void> => {
        const isAll = await reporter.flush(AbortSignal.timeout(30_000));
        if (!isAll) throw new Error(`unreported: ${JSON.stringify(engine.unreported(10))}\n${log.text}`);
      },
      [Symbol.asyncDispose]: async () => {
        await reporter.stop(new Error('the test is over'));
        transport[Symbol.dispose]();
        stop.abort(new Error('the test is over'));
        await engine.closed;
        await rm(folder, { recursive: true });
      },
    };
  }
}
