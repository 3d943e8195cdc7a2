import type { Clock, Logger } from '@nodetask/shared';
import type { KubeMetrics } from '../kube/kube-metrics.ts';
import type { KubeTransport } from '../kube/kube-transport.ts';
import { runWorkers } from '../kube/run-workers.ts';
import { WorkQueue } from '../kube/work-queue.ts';
import type { AuthorityStore, Source } from './authority-store.ts';
import type { AuthorityState } from './ca-secret.ts';
import { leafLife, renewLeafAt } from './leaf.ts';
import { untilNextLook } from './life.ts';
import { keepMetricsReader } from './metrics-reader.ts';
import type { OwnedMetadata } from './owned-metadata.ts';
import { publishCABundle, saysCABundle, type WebhookConfiguration } from './publish-ca-bundle.ts';
import { caBundleOf, publishTrust, unpublished } from './publish-trust.ts';
import { nextLeaving } from './retention.ts';
import { rotateAuthority, type RotateAuthorityOptions } from './rotate-authority.ts';
import { type TrustConfigMap, trustContent } from './trust-config-map.ts';

export interface TrustUpkeepOptions extends RotateAuthorityOptions {
  readonly store: AuthorityStore;
  readonly source: 'operator' | 'secret';
  /** Those that are to have the trust ConfigMap, as of now. */
  readonly namespaces: () => readonly string[];
  readonly configMaps: readonly Source<TrustConfigMap>[];
  /** Holds nothing but the one whose caBundle is kept; absent: there is none to keep. */
  readonly webhooks?: Source<WebhookConfiguration>;
  /** The operator's own: there is the Secret of the metrics reader. */
  readonly namespace: string;
  readonly certificateLifetimeMs: number;
  readonly metadata: OwnedMetadata;
  readonly transport: KubeTransport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: KubeMetrics;
}

const works = ['rotation', 'trust', 'webhook', 'metrics-reader'] as const;
type Work = (typeof works)[number];

const workTimeoutMs = 60_000;
/** Before something is put right: who changes it without end has this one write a few times a second, and no more. */
const healMs = 250;
/**
 * What one of the operators, the leader, does for all: rotates the CA, tells everybody whom to trust, and keeps the certificate of who reads
 * metrics. Each work compares what is with what is to be, and may be done any number of times, by several too.
 */
export class TrustUpkeep {
  readonly #options: TrustUpkeepOptions;
  #queue: WorkQueue | undefined;
  #metricsReaderEnd: number | undefined;

  /** Takes notice of changes from here on: to be made before the sources run. */
  constructor(options: TrustUpkeepOptions) {
    this.#options = options;
    options.store.onChange(() => {
      this.#add(...works);
    });
    // Once what was published is seen, the rotation may go on. What somebody else changed is put right.
    for (const source of options.configMaps) {
      source.onChange(() => {
        this.#add('rotation');
        this.#queue?.addAfter('trust', healMs);
      });
    }
    options.webhooks?.onChange(() => {
      this.#add('rotation');
      this.#queue?.addAfter('webhook', healMs);
    });
  }

  /** When the certificate of the metrics reader ends, in milliseconds since the epoch; undefined where this process does not keep it. */
  get metricsReaderEnd(): number | undefined {
    return this.#metricsReaderEnd;
  }

  /** `namespaces` may say others now. */
  namespacesChanged(): void {
    this.#add('trust');
  }

  /** Works until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, logger, metrics } = this.#options;
    const queue = new WorkQueue({ name: 'trust', clock, metrics });
    this.#queue = queue;
    this.#add(...works);
    const options = { concurrency: works.length, signal, timeoutMs: workTimeoutMs, clock, random, logger, metrics };
    try {
      await runWorkers(
        queue,
        async (work, context) => {
          const { state } = this.#options.store;
          // The change that brings a CA brings this back.
          if (state === undefined) return {};
          const lookAt = await this.#works[work as Work](state, context.signal);
          return { requeueAfterMs: untilNextLook(lookAt, clock.now()) };
        },
        options,
      );
    } finally {
      this.#queue = undefined;
      this.#metricsReaderEnd = undefined;
    }
  }

  #add(...some: readonly Work[]): void {
    for (const work of some) this.#queue?.add(work);
  }

  /** Each returns when to look again, in milliseconds since the epoch. */
  readonly #works: Readonly<Record<Work, (state: AuthorityState, signal: AbortSignal) => Promise<number>>> = {
    rotation: async (state, signal) => this.#rotate(state, signal),
    trust: async (state, signal) => this.#publish(state, signal),
    webhook: async (state, signal) => this.#publishToWebhooks(state, signal),
    'metrics-reader': async (state, signal) => this.#keepMetricsReader(state, signal),
  };

  async #rotate(state: AuthorityState, signal: AbortSignal): Promise<number> {
    const { source, store } = this.#options;
    // A Secret that somebody has broken is not this one's to write over.
    if (source !== 'operator' || store.fault !== undefined) return Infinity;
    return rotateAuthority(state, this.#isPublished(state), this.#options, signal);
  }

  async #publish(state: AuthorityState, signal: AbortSignal): Promise<number> {
    const { store, source, metadata, transport } = this.#options;
    const bundle = store.bundleToPublish(state);
    await publishTrust(trustContent(bundle), {
      transport,
      caches: this.#caches,
      namespaces: this.#options.namespaces(),
      metadata: await metadata.read(signal),
      signal,
    });
    // Where the CAs are the operator's own, the rotation lets them go.
    return source === 'operator' ? Infinity : (nextLeaving(bundle) ?? Infinity);
  }

  async #publishToWebhooks(state: AuthorityState, signal: AbortSignal): Promise<number> {
    const { store, transport } = this.#options;
    const caBundle = caBundleOf(trustContent(store.bundleToPublish(state)));
    for (const configuration of this.#webhooks) {
      if (!saysCABundle(configuration, caBundle)) await publishCABundle(configuration, caBundle, { transport, signal });
    }
    return Infinity;
  }

  async #keepMetricsReader(state: AuthorityState, signal: AbortSignal): Promise<number> {
    const { store, transport, namespace, metadata, clock, certificateLifetimeMs } = this.#options;
    const leaf = await keepMetricsReader({
      transport,
      namespace,
      trust: trustContent(store.bundleToPublish(state)),
      metadata: await metadata.read(signal),
      signal,
      ca: state.signer,
      now: clock.now(),
      lifetimeMs: certificateLifetimeMs,
    });
    this.#metricsReaderEnd = leafLife(leaf).endsAt;
    return renewLeafAt(leaf, store.trusted);
  }

  /** Whether everybody can know the CAs of `state`: the last that a rotation waits for. */
  #isPublished(state: AuthorityState): boolean {
    const { store, namespaces } = this.#options;
    const content = trustContent(store.bundleToPublish(state));
    const caBundle = caBundleOf(content);
    return (
      unpublished(content, { caches: this.#caches, namespaces: namespaces() }).length === 0 &&
      this.#webhooks.every((configuration) => saysCABundle(configuration, caBundle))
    );
  }

  get #caches(): readonly Source<TrustConfigMap>['cache'][] {
    return this.#options.configMaps.map(({ cache }) => cache);
  }

  get #webhooks(): readonly WebhookConfiguration[] {
    return this.#options.webhooks?.cache.list() ?? [];
  }
}
