// Who agents are over TLS: what the volumes of their pods hold, and how the testbed calls them in the operator's place.
import type { TlsCall } from '../net/http-call.ts';
import type { Pod } from './pod.ts';

/** What a pod's volumes and environment hold; its end is that of the pod. */
export interface PodIdentity extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
}

export interface AgentIdentities {
  /** @param folder of the pod, for its volumes. */
  mount(pod: Pod, folder: string): Promise<PodIdentity>;
  /** How to call the agent of the pod with this UID. */
  caller(podUID: string): Promise<TlsCall>;
}
