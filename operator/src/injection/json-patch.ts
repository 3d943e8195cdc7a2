import { agentVolumes } from './agent-volumes.ts';
import { injectedAnnotation, type Wishes } from './annotations.ts';
import type { InjectionSettings } from './injection-settings.ts';
import type { Pod } from './pod.ts';
import { sidecar } from './sidecar.ts';

/** Nothing of a pod is replaced but shareProcessNamespace; the rest is added. https://datatracker.ietf.org/doc/html/rfc6902 */
export interface AddOperation {
  readonly op: 'add';
  readonly path: string;
  readonly value: unknown;
}

const add = (path: string, value: unknown): AddOperation => ({ op: 'add', path, value });

/** What makes a pod one with an agent. */
export const patchOf = (pod: Pod, wishes: Wishes, settings: InjectionSettings): readonly AddOperation[] => {
  const { initContainers, volumes } = pod.spec;
  const agent = sidecar(pod, wishes, settings);
  const own = agentVolumes.map(({ volume }) => volume);
  return [
    ...(initContainers.length === 0
      ? [add('/spec/initContainers', [agent])]
      : [add(`/spec/initContainers/${String(placeOf(pod))}`, agent)]),
    ...(volumes.length === 0 ? [add('/spec/volumes', own)] : own.map((volume) => add('/spec/volumes/-', volume))),
    ...(wishes['share-process-namespace'] ? [add('/spec/shareProcessNamespace', true)] : []),
    // Annotations there are: without nodetask.dev/volume-mounts there is no injection.
    add(`/metadata/annotations/${escapePointer(injectedAnnotation)}`, settings.version),
  ];
};

/** Proxies of service meshes that run as native sidecars. */
const proxies: ReadonlySet<string> = new Set(['istio-proxy', 'linkerd-proxy']);

/**
 * The agent is the first of the init containers, so that all others wait at its start gate; but behind the proxy of a mesh, without
 * which it would reach nobody, and with the proxy behind the gate that would never change.
 */
const placeOf = ({ spec }: Pod): number =>
  spec.initContainers.findLastIndex(({ name, restartPolicy }) => restartPolicy === 'Always' && proxies.has(name)) + 1;

const escapePointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
