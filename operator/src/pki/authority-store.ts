import { type X509Certificate } from 'node:crypto';
import { type Clock, type Logger, operatorFieldManager, trustConfigMap } from '@nodetask/shared';
import { isAlreadyExists } from '../kube/api-error.ts';
import { mergePatch } from '../kube/apply.ts';
import { type KubeObject, objectKey } from '../kube/kube-object.ts';
import type { KubeTransport } from '../kube/kube-transport.ts';
import type { Reflector } from '../kube/reflector.ts';
import { collectionPath, secrets } from '../kube/resource-type.ts';
import { type AuthorityState, caSecretPatch, readCASecret, type Secret } from './ca-secret.ts';
import { createAuthority } from './certificate-authority.ts';
import type { OwnedMetadata } from './owned-metadata.ts';
import { retain, type RetainingBundle } from './retention.ts';
import { certificatesText, joinBundles } from './trust-bundle.ts';
import { readTrust, type TrustConfigMap } from './trust-config-map.ts';

/** What is read from: a Reflector is one. */
export type Source<T extends KubeObject> = Pick<Reflector<T>, 'cache' | 'onChange'>;

export interface AuthorityStoreOptions {
  readonly transport: KubeTransport;
  readonly secrets: Source<Secret>;
  /** Of the operator's namespace, perhaps of others too. */
  readonly configMaps: Source<TrustConfigMap>;
  readonly namespace: string;
  readonly secretName: string;
  /** Who writes the Secret: this operator, or somebody else (cert-manager). */
  readonly source: 'operator' | 'secret';
  readonly caLifetimeMs: number;
  /** How long a CA that signs no more stays trusted. */
  readonly keepMs: number;
  readonly metadata: OwnedMetadata;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The CA as its Secret says it. All operators follow the Secret; that it is there is everybody's concern, and whoever creates it first has
 * made it for all.
 */
export class AuthorityStore {
  readonly #options: AuthorityStoreOptions;
  readonly #listeners: (() => void)[] = [];
  #state: AuthorityState | undefined;
  #trusted: readonly X509Certificate[] = [];
  #fault: string | undefined;

  /** Follows the sources from here on: to be made before they run. */
  constructor(options: AuthorityStoreOptions) {
    this.#options = options;
    options.secrets.onChange((key, _, secret) => {
      if (key !== this.#secretKey) return;
      this.#read(secret);
      this.#notify();
    });
    if (options.source === 'secret') {
      options.configMaps.onChange((key) => {
        if (key === this.#trustKey) this.#notify();
      });
    }
  }

  /** The last one that could be used; undefined before the first. */
  get state(): AuthorityState | undefined {
    return this.#state;
  }

  /** Why there is none, or why the newest one is not used. */
  get fault(): string | undefined {
    const { namespace, secretName, source } = this.#options;
    if (this.#fault !== undefined || this.#state !== undefined) return this.#fault;
    const who =
      source === 'operator' ? 'it is being created' : 'whoever is to write it (--ca-source secret) has not yet';
    return `the Secret ${namespace}/${secretName} of the CA is not there: ${who}`;
  }

  /**
   * Whose certificates are believed; another object whenever they are others. Where somebody else rotates the CA, the published bundle remembers
   * the former one.
   */
  get trusted(): readonly X509Certificate[] {
    return this.#trusted;
  }

  /** What everybody is to trust. */
  bundleToPublish({ bundle }: AuthorityState): RetainingBundle {
    const { source, clock, keepMs } = this.#options;
    if (source === 'operator') return bundle;
    return retain(this.#published, bundle.certificates, { now: clock.now(), keepMs });
  }

  /** Calls back when the CA or what is trusted may have changed. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Creates the Secret where it is missing and this operator's to write. Somebody else may be faster, which is as good. */
  async ensure(signal: AbortSignal): Promise<void> {
    const { source, transport, namespace, secretName, metadata, clock, logger, caLifetimeMs } = this.#options;
    if (source !== 'operator' || this.#secret !== undefined) return;
    const signer = createAuthority(clock.now(), caLifetimeMs);
    const bundle = { certificates: [signer.certificate], leaving: new Map<string, number>() };
    const { data } = caSecretPatch({ signer, bundle });
    try {
      await transport.request({
        method: 'POST',
        path: collectionPath(secrets, namespace),
        query: { fieldManager: operatorFieldManager },
        body: {
          apiVersion: 'v1',
          kind: 'Secret',
          type: 'kubernetes.io/tls',
          metadata: { ...(await metadata.read(signal)), namespace, name: secretName },
          data: Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null)),
        },
        verb: 'create',
        signal,
      });
      logger.info('created the CA', { subject: signer.certificate.subject, endsAt: signer.certificate.validTo });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  /** Writes `state`, unless there is no Secret any more. @throws ApiError Conflict where it changed since it was read. */
  async write(state: AuthorityState, signal: AbortSignal): Promise<void> {
    const { transport, namespace, secretName } = this.#options;
    const resourceVersion = this.#secret?.metadata.resourceVersion;
    if (resourceVersion === undefined) return;
    const { data, annotations } = caSecretPatch(state);
    await mergePatch(
      transport,
      secrets,
      { namespace, name: secretName },
      { metadata: { resourceVersion, annotations }, data },
      { fieldManager: operatorFieldManager, signal },
    );
  }

  get #secret(): Secret | undefined {
    return this.#options.secrets.cache.get(this.#secretKey);
  }

  get #secretKey(): string {
    return objectKey({ namespace: this.#options.namespace, name: this.#options.secretName });
  }

  get #trustKey(): string {
    return objectKey({ namespace: this.#options.namespace, name: trustConfigMap });
  }

  get #published(): RetainingBundle {
    return readTrust(this.#options.configMaps.cache.get(this.#trustKey));
  }

  /** What cannot be used changes nothing but `fault`: what was signed so far goes on being good. */
  #read(secret: Secret | undefined): void {
    if (secret === undefined) return;
    try {
      this.#state = readCASecret(secret);
      this.#fault = undefined;
    } catch (error) {
      this.#fault = error instanceof Error ? error.message : String(error);
      this.#options.logger.error('the CA cannot be used', { error });
    }
  }

  #notify(): void {
    const own = this.#state?.bundle.certificates ?? [];
    const trusted = this.#options.source === 'operator' ? own : joinBundles(own, this.#published.certificates);
    if (certificatesText(trusted) !== certificatesText(this.#trusted)) this.#trusted = trusted;
    for (const listener of this.#listeners) listener();
  }
}
