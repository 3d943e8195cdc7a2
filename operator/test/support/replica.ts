import { systemClock } from '@nodetask/runtime';
import { type ControlPlane, waitFor } from '@nodetask/testbed';
import { waitForSync } from '../../src/kube/informer-health.ts';
import { noKubeMetrics } from '../../src/kube/kube-metrics.ts';
import { loadKubeConfig } from '../../src/kube/load-kube-config.ts';
import { Transport } from '../../src/kube/transport.ts';
import { Certificates, type CertificatesOptions } from '../../src/pki/certificates.ts';
import type { SecureConfig } from '../../src/secure-config.ts';
import { type LogLine, recordLog } from './recording.ts';

export const operatorNamespace = 'nodetask-system';

export interface ReplicaOptions {
  readonly ca?: Partial<SecureConfig['ca']>;
  readonly certificateLifetimeMs?: number;
  readonly webhookName?: string;
  readonly ownerClusterRole?: string;
  readonly watched?: readonly string[];
  readonly agentNamespaces?: () => readonly string[];
  /** Default true: it does what a leader does. */
  readonly leads?: boolean;
}

const hour = 3_600_000;

/** The certificates of one operator in this process, with the rights of the operator's service account. */
export class Replica implements AsyncDisposable {
  readonly certificates: Certificates;
  readonly transport: Transport;
  readonly lines: readonly LogLine[];
  readonly #end = new AbortController();
  readonly #running: Promise<unknown>;

  private constructor(certificates: Certificates, transport: Transport, lines: readonly LogLine[], leads: boolean) {
    this.certificates = certificates;
    this.transport = transport;
    this.lines = lines;
    const { signal } = this.#end;
    this.#running = Promise.all([
      ...[...certificates.mirrors, certificates].map(async (part) => part.run(signal)),
      ...(leads ? [this.#lead(signal)] : []),
    ]);
  }

  static async start(cluster: ControlPlane, options: ReplicaOptions = {}): Promise<Replica> {
    const { ca, certificateLifetimeMs = hour, webhookName, ownerClusterRole, leads = true } = options;
    const { token } = await cluster.serviceAccountToken({
      namespace: operatorNamespace,
      serviceAccount: 'nodetask-operator',
    });
    const kubeconfig = await cluster.kubeconfig(`replica-${String(Math.random()).slice(2)}`, { token });
    const { logger, lines } = recordLog();
    const common = { clock: systemClock, random: Math.random, logger, metrics: noKubeMetrics };
    const transport = new Transport({ ...common, access: await loadKubeConfig({ kubeconfig }) });
    const config: CertificatesOptions['config'] = {
      ca: { secretName: 'nodetask-ca', source: 'operator', lifetimeMs: 24 * hour, ...ca },
      certificateLifetimeMs,
      service: { name: 'nodetask-operator', hosts: ['127.0.0.1'] },
      ...(webhookName === undefined ? {} : { webhookName }),
      ...(ownerClusterRole === undefined ? {} : { ownerClusterRole }),
    };
    const certificates = new Certificates({
      ...common,
      config,
      transport,
      namespace: operatorNamespace,
      watched: options.watched ?? [],
      isReadable: () => true,
      agentNamespaces: options.agentNamespaces ?? (() => []),
    });
    return new Replica(certificates, transport, lines, leads);
  }

  /** Waits until it has its certificates. */
  async ready(): Promise<this> {
    await this.certificates.ready(AbortSignal.timeout(20_000));
    return this;
  }

  async until(what: string, condition: () => boolean, timeoutMs = 20_000): Promise<void> {
    await waitFor(condition, { what, timeoutMs, intervalMs: 5, detail: () => JSON.stringify(this.lines.slice(-5)) });
  }

  /** What it shows and trusts as the caller of agents. */
  get shown(): { readonly cert: string; readonly key: string; readonly ca: string } {
    const material = this.certificates.own.material('operator');
    if (material === undefined) throw new Error('it has no certificate yet');
    return material;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new Error('the test is over'));
    await this.#running;
    await this.transport.close();
  }

  async #lead(signal: AbortSignal): Promise<void> {
    try {
      await waitForSync(this.certificates.mirrors, { clock: systemClock, logger: recordLog().logger, signal });
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    await this.certificates.upkeep.run(signal);
  }
}
