import type { Clock } from '@nodetask/shared';
import { isNotFound } from './api-error.ts';
import type { ObjectName } from './kube-object.ts';
import type { KubeTransport } from './kube-transport.ts';
import type { Lease, LeaseSpec } from './lease.ts';
import { microTime } from './micro-time.ts';
import { readLease } from './read-lease.ts';
import { collectionPath, leases, objectPath } from './resource-type.ts';
import { isEarlierVersion } from './resource-version.ts';

/** Metadata that a Lease is to have beside its name: labels, its owner. Asked for at each acquisition. */
export type LeaseMetadata = () => Promise<object>;

export interface LeaseClientOptions {
  readonly transport: KubeTransport;
  readonly lease: Required<ObjectName>;
  readonly identity: string;
  readonly clock: Clock;
  readonly leaseDurationMs: number;
  readonly leaseMetadata?: LeaseMetadata;
  /** The Lease is one of the past: what the cluster has stored was put back to an earlier state. */
  readonly onPast?: () => void;
}

/** The writes of leader election, each refused by the server when the Lease is not the one last read. */
export class LeaseClient {
  readonly #options: LeaseClientOptions;
  /** The resourceVersion that was read last. */
  #newest = '0';

  constructor(options: LeaseClientOptions) {
    this.#options = options;
  }

  /** The Lease, or undefined where there is none. */
  async get(timeoutMs: number, signal?: AbortSignal): Promise<Lease | undefined> {
    const { transport, lease } = this.#options;
    try {
      const answer = await transport.request<unknown>({
        method: 'GET',
        path: objectPath(leases, lease),
        verb: 'get',
        timeoutMs,
        ...(signal !== undefined && { signal }),
      });
      return this.#read(answer);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Makes `identity` the holder: of a new Lease, or of the one that `seen` is. */
  async take(seen: Lease | undefined, leaseTransitions: number, timeoutMs: number): Promise<Lease> {
    const now = microTime(this.#options.clock.now());
    const spec: LeaseSpec = {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.ceil(this.#options.leaseDurationMs / 1000),
      acquireTime: now,
      renewTime: now,
      leaseTransitions,
    };
    const metadata = await this.#options.leaseMetadata?.();
    if (seen === undefined) return this.#create(spec, metadata, timeoutMs);
    return this.#replace({ ...seen, metadata: { ...seen.metadata, ...metadata } }, spec, timeoutMs);
  }

  async renew(held: Lease, leaseTransitions: number, timeoutMs: number, signal: AbortSignal): Promise<Lease> {
    const renewTime = microTime(this.#options.clock.now());
    return this.#replace(held, { ...held.spec, renewTime, leaseTransitions }, timeoutMs, signal);
  }

  /** Leaves the Lease without a holder. The transitions stay: the next acquisition counts on. */
  async release(held: Lease, leaseTransitions: number, timeoutMs: number): Promise<Lease> {
    const renewTime = microTime(this.#options.clock.now());
    const spec = { ...held.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime, leaseTransitions };
    return this.#replace(held, spec, timeoutMs);
  }

  async #create(spec: LeaseSpec, metadata: object | undefined, timeoutMs: number): Promise<Lease> {
    const { transport, lease } = this.#options;
    const answer = await transport.request<unknown>({
      method: 'POST',
      path: collectionPath(leases, lease.namespace),
      body: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...metadata, ...lease }, spec },
      verb: 'create',
      timeoutMs,
    });
    return this.#read(answer);
  }

  async #replace(seen: Lease, spec: LeaseSpec, timeoutMs: number, signal?: AbortSignal): Promise<Lease> {
    const { transport, lease } = this.#options;
    const answer = await transport.request<unknown>({
      method: 'PUT',
      path: objectPath(leases, lease),
      // With the resourceVersion of `seen`: whoever wrote since makes this a conflict.
      body: { ...seen, spec },
      verb: 'update',
      timeoutMs,
      ...(signal !== undefined && { signal }),
    });
    return this.#read(answer);
  }

  #read(answer: unknown): Lease {
    const lease = readLease(answer);
    const { resourceVersion } = lease.metadata;
    const isOfThePast = isEarlierVersion(resourceVersion, this.#newest);
    this.#newest = resourceVersion;
    if (isOfThePast) this.#options.onPast?.();
    return lease;
  }
}
