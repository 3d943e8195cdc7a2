import type { KeyObject } from 'node:crypto';
import { type Clock, type Logger, trustConfigMap } from '@nodetask/shared';
import { CacheBudget } from '../kube/cache-budget.ts';
import { abortable } from '../kube/deadline.ts';
import type { Check } from '../kube/informer-health.ts';
import type { KubeMetrics } from '../kube/kube-metrics.ts';
import type { KubeObject } from '../kube/kube-object.ts';
import type { KubeTransport } from '../kube/kube-transport.ts';
import { Reflector } from '../kube/reflector.ts';
import { configMaps, mutatingWebhookConfigurations, type ResourceType, secrets } from '../kube/resource-type.ts';
import { stripObject } from '../kube/strip-object.ts';
import type { SecureConfig } from '../secure-config.ts';
import { AuthorityStore } from './authority-store.ts';
import type { Secret } from './ca-secret.ts';
import { issueFor, type Leaf } from './leaf.ts';
import { OwnCertificates } from './own-certificates.ts';
import { OwnedMetadata } from './owned-metadata.ts';
import { agentProfile, serverProfile } from './profiles.ts';
import { readWebhookConfiguration } from './publish-ca-bundle.ts';
import type { TrustConfigMap } from './trust-config-map.ts';
import { TrustUpkeep } from './trust-upkeep.ts';

export interface CertificatesOptions {
  readonly config: Pick<SecureConfig, 'ca' | 'certificateLifetimeMs' | 'service' | 'webhookName' | 'ownerClusterRole'>;
  /** Of the operator: there are the Secrets of the CA and of the metrics reader. */
  readonly namespace: string;
  /** Namespaces that the operator watches; empty: all. */
  readonly watched: readonly string[];
  /** Namespaces that have agents, as of now. */
  readonly agentNamespaces: () => readonly string[];
  /** Whether a watched namespace can be read now: one that cannot be is told nothing, and nobody waits for it. */
  readonly isReadable: (namespace: string) => boolean;
  readonly transport: KubeTransport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: KubeMetrics;
}

/** Memory for what is known of the CA and of who is told to trust it: a few kilobytes for each namespace. */
const cacheBytes = 16 * 1024 * 1024;

/** A CA that signs no more stays trusted for so many lives of what it signed: one to end in, and one for who heard of it late. */
const keptLives = 2;

/** The certificates of the operator: its CA, its own, those of agents, and what has others trust them. */
export class Certificates {
  readonly #options: CertificatesOptions;
  /** What this process shows of itself. */
  readonly own: OwnCertificates;
  /** What the leader does for all; it is run by who leads. */
  readonly upkeep: TrustUpkeep;
  /** To be run beside it: what it knows of the cluster. */
  readonly mirrors: readonly Reflector<KubeObject>[];
  /** Those among them without which nobody can work: all but what is watched in the namespaces of the agents. */
  readonly needed: readonly Reflector<KubeObject>[];
  /** Resolves when the CA's Secret and whom it said to trust last are known. */
  readonly #known: Promise<unknown>;
  readonly #store: AuthorityStore;

  constructor(options: CertificatesOptions) {
    this.#options = options;
    const { config, namespace, watched, transport, clock, random, logger, metrics } = options;
    const { ca, certificateLifetimeMs, webhookName, ownerClusterRole: clusterRole } = config;
    const parts = { transport, clock, random, logger, metrics };
    const budget = new CacheBudget(cacheBytes);
    const mirror = <T extends KubeObject>(
      type: ResourceType,
      name: string,
      scope?: string,
      transform: (object: T) => T = stripObject,
    ): Reflector<T> =>
      new Reflector<T>({
        ...parts,
        transform,
        budget,
        type,
        ...(scope === undefined ? {} : { namespace: scope }),
        // With the name in the request, rights may be limited to it.
        fieldSelector: `metadata.name=${name}`,
      });
    const caSecret = mirror<Secret>(secrets, ca.secretName, namespace);
    const here = mirror<TrustConfigMap>(configMaps, trustConfigMap, watched.length === 0 ? undefined : namespace);
    const elsewhere = watched
      .filter((one) => one !== namespace)
      .map((one) => mirror<TrustConfigMap>(configMaps, trustConfigMap, one));
    const webhooks =
      webhookName === undefined
        ? undefined
        : mirror(mutatingWebhookConfigurations, webhookName, undefined, readWebhookConfiguration);
    this.#known = Promise.all([caSecret.synced, here.synced]);
    this.needed = [caSecret, here, ...(webhooks === undefined ? [] : [webhooks])];
    this.mirrors = [...this.needed, ...elsewhere];

    const common = {
      ...options,
      source: ca.source,
      caLifetimeMs: ca.lifetimeMs,
      keepMs: keptLives * certificateLifetimeMs,
      metadata: new OwnedMetadata({ transport, ...(clusterRole === undefined ? {} : { clusterRole }) }),
    };
    const store = new AuthorityStore({
      ...common,
      secrets: caSecret,
      configMaps: here,
      secretName: ca.secretName,
    });
    this.#store = store;
    this.own = new OwnCertificates({
      ...common,
      store,
      server: serverProfile({ ...config.service, namespace }),
      lifetimeMs: certificateLifetimeMs,
    });
    this.upkeep = new TrustUpkeep({
      ...common,
      store,
      certificateLifetimeMs,
      configMaps: [here, ...elsewhere],
      ...(webhooks === undefined ? {} : { webhooks }),
      namespaces: () => [...new Set([namespace, ...watched.filter(options.isReadable), ...options.agentNamespaces()])],
    });
  }

  /** Keeps the operator's own certificates until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await abortable(this.#known, signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    await this.own.run(signal);
  }

  /** Waits until this process has its certificates. @throws the reason of `signal`. */
  async ready(signal: AbortSignal): Promise<void> {
    await abortable(this.own.complete, signal);
  }

  /** Whether it can serve and call; and if not, why. */
  readiness(): Check {
    if (this.own.isComplete) return { ok: true };
    return { ok: false, reason: this.#store.fault ?? 'the certificates of the operator are being made' };
  }

  /**
   * Signs the certificate of the agent in the pod with this UID.
   * @returns undefined while there is no CA. @throws EndedAuthorityError
   */
  issueForAgent(podUID: string, publicKey: KeyObject): Leaf | undefined {
    const { clock, config } = this.#options;
    const { state } = this.#store;
    if (state === undefined) return undefined;
    const options = { ca: state.signer, now: clock.now(), lifetimeMs: config.certificateLifetimeMs };
    return issueFor(publicKey, agentProfile(podUID), options);
  }

  /** When certificates that this process knows of end, in milliseconds since the epoch, by what they are for. */
  get ends(): ReadonlyMap<string, number> {
    const ca = this.#store.state?.signer.certificate.validToDate.getTime();
    const { metricsReaderEnd } = this.upkeep;
    return new Map([
      ...(ca === undefined ? [] : [['ca', ca] as const]),
      ...this.own.ends,
      ...(metricsReaderEnd === undefined ? [] : [['metrics-reader', metricsReaderEnd] as const]),
    ]);
  }
}
