import type { KubeObject } from '../kube/kube-object.ts';
import type { KubeTransport } from '../kube/kube-transport.ts';
import { clusterRoles, objectPath } from '../kube/resource-type.ts';

export interface OwnedMetadataOptions {
  readonly transport: KubeTransport;
  /** Name of the ClusterRole with which everything goes; absent: it stays. */
  readonly clusterRole?: string;
}

interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

export interface Owned {
  readonly labels: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

const labels = { 'app.kubernetes.io/name': 'nodetask', 'app.kubernetes.io/managed-by': 'nodetask-operator' };

/**
 * What the objects that the operator makes have in common. Their owner is a ClusterRole of the chart: an owner of no namespace may own objects in
 * all of them, and so the garbage collector leaves nothing behind when the chart is uninstalled.
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/
 */
export class OwnedMetadata {
  readonly #options: OwnedMetadataOptions;
  #owned: Owned | undefined;

  constructor(options: OwnedMetadataOptions) {
    this.#options = options;
  }

  /** @throws ApiError where the owner cannot be read. */
  async read(signal: AbortSignal): Promise<Owned> {
    const { transport, clusterRole } = this.#options;
    if (clusterRole === undefined) return { labels };
    this.#owned ??= {
      labels,
      ownerReferences: [ownerReference(await readRole(transport, clusterRole, signal))],
    };
    return this.#owned;
  }
}

const readRole = async (transport: KubeTransport, name: string, signal: AbortSignal): Promise<KubeObject> =>
  transport.request<KubeObject>({ method: 'GET', path: objectPath(clusterRoles, { name }), verb: 'get', signal });

const ownerReference = ({ metadata: { name, uid } }: KubeObject): OwnerReference => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  name,
  uid,
});
