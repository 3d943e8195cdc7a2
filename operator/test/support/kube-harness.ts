import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { inspect } from 'node:util';
import { systemClock } from '@nodetask/runtime';
import type { Clock } from '@nodetask/shared';
import { type ControlPlane, type FaultProxy, startFaultProxy, targetOf, waitFor } from '@nodetask/testbed';
import type { ClusterAccess } from '../../src/kube/cluster-access.ts';
import type { KubeObject } from '../../src/kube/kube-object.ts';
import { loadKubeConfig } from '../../src/kube/load-kube-config.ts';
import type { ReflectorOptions } from '../../src/kube/reflector-options.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import type { ResourceType } from '../../src/kube/resource-type.ts';
import { Transport } from '../../src/kube/transport.ts';
import { type LogLine, RecordedMetrics, recordLog } from './recording.ts';

export const configMaps: ResourceType = { group: '', version: 'v1', plural: 'configmaps' };

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** The clock of the machine, with a count of the timers that nobody cancelled. */
class CountingClock implements Clock {
  pending = 0;

  now(): number {
    return systemClock.now();
  }

  monotonic(): number {
    return systemClock.monotonic();
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    let open = true;
    const close = (): void => {
      if (open) this.pending -= 1;
      open = false;
    };
    this.pending += 1;
    const cancel = systemClock.setTimer(delayMs, () => {
      close();
      callback();
    });
    return () => {
      close();
      cancel();
    };
  }
}

export interface HarnessOptions {
  /** Default: the admin's. */
  readonly token?: string | { readonly file: string };
  readonly wrapAccess?: (access: ClusterAccess) => ClusterAccess;
  readonly credentialsMaxAgeMs?: number;
}

/** One client of a real API server behind a fault proxy, with everything it says recorded. */
export interface Harness {
  readonly proxy: FaultProxy;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly recorded: RecordedMetrics;
  readonly lines: LogLine[];
  /** What the parts under test are made with. */
  readonly parts: Pick<ReflectorOptions<KubeObject>, 'transport' | 'clock' | 'random' | 'logger' | 'metrics'>;
  /** A reflector of the ConfigMaps of a namespace, running until the end of the test. */
  readonly reflect: (namespace: string, options?: Partial<ReflectorOptions<ConfigMap>>) => Reflection;
  /** Waits until `condition` holds. */
  readonly until: (what: string, condition: () => boolean, timeoutMs?: number) => Promise<void>;
  /** Ends what runs and fails if a socket or a timer is left. Called at the end of the test if not before. */
  readonly close: () => Promise<void>;
}

export interface Reflection {
  readonly reflector: Reflector<ConfigMap>;
  /** `name: old data → new data`, in order; the data is that of the key `v`. */
  readonly changes: string[];
  readonly stop: () => Promise<void>;
}

let proxies = 0;

export const startHarness = async (
  context: TestContext,
  cluster: ControlPlane,
  options: HarnessOptions = {},
): Promise<Harness> => {
  const proxy = await startFaultProxy({ target: targetOf(cluster.server) });
  proxies += 1;
  const kubeconfig = await cluster.kubeconfig(`harness-${String(proxies)}`, {
    server: proxy.url('https'),
    ...(options.token !== undefined && { token: options.token }),
  });
  const access = await loadKubeConfig({ kubeconfig });
  const clock = new CountingClock();
  const recorded = new RecordedMetrics();
  const { logger, lines } = recordLog();
  const common = { clock, random: Math.random, logger, metrics: recorded.metrics };
  const transport = new Transport({
    ...common,
    access: options.wrapAccess?.(access) ?? access,
    ...(options.credentialsMaxAgeMs !== undefined && { credentialsMaxAgeMs: options.credentialsMaxAgeMs }),
  });
  const parts = { ...common, transport };
  const stops: (() => Promise<void>)[] = [];
  let closed = false;

  const reflect: Harness['reflect'] = (namespace, extra = {}) => {
    const reflector = new Reflector<ConfigMap>({ ...parts, type: configMaps, namespace, ...extra });
    const changes: string[] = [];
    reflector.onChange((_, before, after) => {
      const name = (after ?? before)?.metadata.name ?? '';
      changes.push(`${name}: ${before?.data?.['v'] ?? '-'} → ${after?.data?.['v'] ?? '-'}`);
    });
    const controller = new AbortController();
    const run = reflector.run(controller.signal);
    const stop = async (): Promise<void> => {
      controller.abort(new Error('the test is over'));
      await run;
    };
    stops.push(stop);
    return { reflector, changes, stop };
  };
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await proxy.setMode({ kind: 'pass' });
    await Promise.all(stops.map(async (stop) => stop()));
    await transport.close();
    try {
      await proxy.until(({ live }) => live === 0);
    } finally {
      // Else a failed test would keep the process, and with it the test run.
      await proxy.close();
    }
    assert.equal(clock.pending, 0, 'timers that nobody cancelled');
  };
  context.after(close);
  return {
    proxy,
    transport,
    clock,
    recorded,
    lines,
    parts,
    reflect,
    close,
    until: async (what, condition, timeoutMs = 20_000) => {
      await waitFor(condition, {
        what,
        timeoutMs,
        intervalMs: 5,
        detail: () =>
          lines
            .slice(-5)
            .map(({ level, message, fields }) => `${level} ${message} ${inspect(fields['error'], { depth: 0 })}`)
            .join('; '),
      });
    },
  };
};

/** Writes ConfigMaps as somebody else than the client under test. */
export class Writer {
  readonly #cluster: ControlPlane;
  readonly namespace: string;

  private constructor(cluster: ControlPlane, namespace: string) {
    this.#cluster = cluster;
    this.namespace = namespace;
  }

  static async inNewNamespace(cluster: ControlPlane, namespace: string): Promise<Writer> {
    await cluster.createNamespace(namespace);
    return new Writer(cluster, namespace);
  }

  async set(name: string, v: string): Promise<ConfigMap> {
    const { admin } = this.#cluster;
    const path = `/api/v1/namespaces/${this.namespace}/configmaps`;
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { v } };
    const replaced = await admin.raw({ method: 'PUT', path: `${path}/${name}`, body });
    if (replaced.status < 400) return replaced.body as ConfigMap;
    assert.equal(replaced.status, 404, JSON.stringify(replaced.body));
    return admin.request<ConfigMap>({ method: 'POST', path, body });
  }

  async delete(name: string): Promise<void> {
    await this.#cluster.admin.delete(`/api/v1/namespaces/${this.namespace}/configmaps/${name}`);
  }

  /** What the API server has: names to resource versions. */
  async truth(): Promise<Record<string, string>> {
    const list = await this.#cluster.admin.request<{ items: ConfigMap[] }>({
      method: 'GET',
      path: `/api/v1/namespaces/${this.namespace}/configmaps`,
    });
    return versions(list.items);
  }
}

export const versions = (objects: readonly KubeObject[]): Record<string, string> =>
  Object.fromEntries(
    objects
      .map(({ metadata }) => [metadata.name, metadata.resourceVersion] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/** Makes the API server forget everything before now: etcd is compacted and the API server starts with an empty history. */
export const forgetHistory = async (cluster: ControlPlane): Promise<void> => {
  await cluster.apiServer.kill();
  const post = async (path: string, body: object): Promise<{ header: { revision: string } }> => {
    const response = await fetch(`${cluster.etcdUrl}${path}`, { method: 'POST', body: JSON.stringify(body) });
    assert.equal(response.status, 200, await response.clone().text());
    return (await response.json()) as { header: { revision: string } };
  };
  const { header } = await post('/v3/kv/range', { key: Buffer.from('x').toString('base64') });
  await post('/v3/kv/compaction', { revision: header.revision, physical: true });
  await cluster.apiServer.start();
};
