import { systemClock } from '@nodetask/runtime';
import { agentLabel, agentLabelValue, enrollPath } from '@nodetask/shared';
import { freePort } from '@nodetask/testbed';
import { Agent, request } from 'undici';
import { type AgentPod, toAgentPod } from '../../src/agents/agent-pod.ts';
import type { EnrollRates } from '../../src/enroll/enroll-limits.ts';
import { enrollRoute } from '../../src/enroll/enroll-route.ts';
import { waitForSync } from '../../src/kube/informer-health.ts';
import type { KubeTransport } from '../../src/kube/kube-transport.ts';
import { noKubeMetrics } from '../../src/kube/kube-metrics.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { pods } from '../../src/kube/resource-type.ts';
import { runSecureServer } from '../../src/secure-server/run-secure-server.ts';
import { type LogLine, recordLog } from './recording.ts';
import type { Replica } from './replica.ts';

export interface EnrollmentOptions {
  /** The namespace that the operator watches. */
  readonly namespace: string;
  readonly rates?: EnrollRates;
  /** What asks the API server about tokens; default the replica's. */
  readonly transport?: KubeTransport;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** The operator's HTTPS server in this process, with enrolment alone. */
export class Enrollment implements AsyncDisposable {
  readonly lines: readonly LogLine[];
  readonly port: number;
  readonly #replica: Replica;
  readonly #mirror: Reflector<AgentPod>;
  readonly #end = new AbortController();
  readonly #running: Promise<unknown>;

  private constructor(replica: Replica, port: number, options: EnrollmentOptions) {
    const { logger, lines } = recordLog();
    this.lines = lines;
    this.port = port;
    this.#replica = replica;
    const { certificates, transport } = replica;
    const common = { clock: systemClock, random: Math.random, logger, metrics: noKubeMetrics };
    this.#mirror = new Reflector<AgentPod>({
      ...common,
      transport,
      namespace: options.namespace,
      type: pods,
      labelSelector: `${agentLabel}=${agentLabelValue}`,
      transform: toAgentPod,
    });
    const route = enrollRoute({
      ...common,
      transport: options.transport ?? transport,
      podOf: (key) => this.#mirror.cache.get(key),
      issue: (podUID, publicKey) => certificates.issueForAgent(podUID, publicKey),
      ...(options.rates === undefined ? {} : { rates: options.rates }),
    });
    const server = { ...common, address: { host: '127.0.0.1', port }, routes: [route], own: certificates.own };
    const { signal } = this.#end;
    this.#running = Promise.all([this.#mirror.run(signal), runSecureServer(server, signal)]);
  }

  static async start(replica: Replica, options: EnrollmentOptions): Promise<Enrollment> {
    const enrollment = new Enrollment(replica, await freePort(), options);
    const { lines } = enrollment;
    await waitForSync([enrollment.#mirror], {
      clock: systemClock,
      ...recordLog(),
      signal: AbortSignal.timeout(20_000),
    });
    await replica.until('the HTTPS server to serve', () => lines.some(({ message }) => message === 'serving by HTTPS'));
    return enrollment;
  }

  /** Waits until the operator has heard of a pod. */
  async untilKnown(name: string, uid: string | undefined): Promise<void> {
    await this.#replica.until(`${name} to be known`, () =>
      this.#mirror.cache.list().some(({ metadata }) => metadata.name === name && metadata.uid === uid),
    );
  }

  /** Asks for a certificate as an agent does, trusting the CAs that are published. */
  async ask(body: unknown, token?: string): Promise<Answer> {
    const dispatcher = new Agent({ connect: { ca: this.#replica.shown.ca }, allowH2: false });
    try {
      const answer = await request(`https://127.0.0.1:${this.port}${enrollPath}`, {
        dispatcher,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
      return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
    } finally {
      await dispatcher.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new Error('the test is over'));
    await this.#running;
  }
}
