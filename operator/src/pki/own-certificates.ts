import type { X509Certificate } from 'node:crypto';
import type { Clock, Logger } from '@nodetask/shared';
import type { KubeMetrics } from '../kube/kube-metrics.ts';
import type { ReconcileResult } from '../kube/reconcile.ts';
import { runWorkers } from '../kube/run-workers.ts';
import { WorkQueue } from '../kube/work-queue.ts';
import type { AuthorityStore } from './authority-store.ts';
import type { AuthorityState } from './ca-secret.ts';
import { issueLeaf, type KeyedLeaf, leafLife, renewLeafAt } from './leaf.ts';
import { untilNextLook } from './life.ts';
import { operatorProfile, type Profile } from './profiles.ts';
import { certificatesText } from './trust-bundle.ts';

/** What this process shows of itself: as a server, and as the operator where it calls agents. */
export const ownCertificateNames = ['server', 'operator'] as const;
export type OwnCertificateName = (typeof ownCertificateNames)[number];

/** PEM: what one side of a TLS connection needs. A new object whenever something of it is new. */
export interface TLSMaterial {
  readonly cert: string;
  readonly key: string;
  /** Whom it believes. */
  readonly ca: string;
}

export interface OwnCertificatesOptions {
  readonly store: AuthorityStore;
  readonly server: Profile;
  readonly lifetimeMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: KubeMetrics;
}

const workTimeoutMs = 60_000;

/** The certificates of this process. They live in its memory only: each start, and each instance, has its own. */
export class OwnCertificates {
  readonly #options: OwnCertificatesOptions;
  readonly #leaves = new Map<OwnCertificateName, KeyedLeaf>();
  readonly #material = new Map<
    OwnCertificateName,
    { readonly leaf: KeyedLeaf; readonly trusted: readonly X509Certificate[]; readonly material: TLSMaterial }
  >();
  readonly #listeners: ((name: OwnCertificateName) => void)[] = [];
  readonly #complete = Promise.withResolvers<void>();

  readonly #queue: WorkQueue;

  constructor(options: OwnCertificatesOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({ name: 'certificates', clock: options.clock, metrics: options.metrics });
    options.store.onChange(() => {
      this.#lookAtAll();
    });
  }

  /** Resolves once there is one of each. Never rejects: whoever waits has a signal of their own. */
  get complete(): Promise<void> {
    return this.#complete.promise;
  }

  get isComplete(): boolean {
    return this.#leaves.size === ownCertificateNames.length;
  }

  /** undefined before the first. */
  material(name: OwnCertificateName): TLSMaterial | undefined {
    const leaf = this.#leaves.get(name);
    if (leaf === undefined) return undefined;
    const { trusted } = this.#options.store;
    const known = this.#material.get(name);
    if (known?.leaf === leaf && known.trusted === trusted) return known.material;
    const material = { cert: leaf.certificateText, key: leaf.keyText, ca: certificatesText(trusted) };
    this.#material.set(name, { leaf, trusted, material });
    return material;
  }

  /** When each ends, in milliseconds since the epoch. */
  get ends(): ReadonlyMap<OwnCertificateName, number> {
    return new Map([...this.#leaves].map(([name, leaf]) => [name, leafLife(leaf).endsAt]));
  }

  /** Calls back when a certificate was renewed. */
  onRenewed(listener: (name: OwnCertificateName) => void): void {
    this.#listeners.push(listener);
  }

  /** Keeps them, and the CA's Secret in being, until `signal` aborts. To be called once, when the cache of the store is complete. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, clock, random, logger, metrics } = this.#options;
    this.#lookAtAll();
    await runWorkers(
      this.#queue,
      async (key, context) => {
        if (key !== 'authority') return this.#keep(key as OwnCertificateName);
        await store.ensure(context.signal);
        return {};
      },
      { concurrency: 1, signal, timeoutMs: workTimeoutMs, clock, random, logger, metrics },
    );
  }

  #lookAtAll(): void {
    for (const key of ['authority', ...ownCertificateNames]) this.#queue.add(key);
  }

  /** Renews one where it is due. @throws EndedAuthorityError */
  #keep(name: OwnCertificateName): ReconcileResult {
    const { store, clock } = this.#options;
    // The change that brings a CA brings this back.
    if (store.state === undefined) return {};
    const now = clock.now();
    const known = this.#leaves.get(name);
    const leaf =
      known !== undefined && now < renewLeafAt(known, store.trusted) ? known : this.#issue(name, store.state, now);
    return { requeueAfterMs: untilNextLook(renewLeafAt(leaf, store.trusted), now) };
  }

  #issue(name: OwnCertificateName, { signer }: AuthorityState, now: number): KeyedLeaf {
    const { server, lifetimeMs, logger } = this.#options;
    const profiles = { server, operator: operatorProfile } satisfies Record<OwnCertificateName, Profile>;
    const leaf = issueLeaf(profiles[name], { ca: signer, now, lifetimeMs });
    this.#leaves.set(name, leaf);
    logger.info('made a certificate', { certificate: name, endsAt: new Date(leafLife(leaf).endsAt).toISOString() });
    for (const listener of this.#listeners) listener(name);
    if (this.isComplete) this.#complete.resolve();
    return leaf;
  }
}
