// The parts of a Pod that the fake kubelet looks at. https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
import { agentPort, agentPortAnnotation, agentPortName } from '@nodetask/shared';
import type { KubeObject } from '../kube/kube-client.ts';

export interface Pod extends KubeObject {
  metadata: KubeObject['metadata'] & { namespace: string; uid: string };
  spec: {
    nodeName?: string;
    schedulingGates?: { name: string }[];
    serviceAccountName?: string;
    terminationGracePeriodSeconds?: number;
    containers: Container[];
    initContainers?: Container[];
  };
  status?: {
    phase?: string;
    podIP?: string;
    conditions?: { type: string; status: string }[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
}

/** As a real kubelet writes it. */
export interface ContainerStatus {
  name: string;
  ready: boolean;
  restartCount: number;
  state: ContainerState;
  lastState: ContainerState;
}

/** One of the three. */
export interface ContainerState {
  waiting?: { reason: string };
  running?: { startedAt: string };
  terminated?: { reason: string; exitCode: number };
}

export interface Container {
  name: string;
  image: string;
  ports?: { name?: string; containerPort: number }[];
  restartPolicy?: string;
}

/** What names a pod; a Pod does. */
export interface PodName {
  readonly metadata: { readonly namespace: string; readonly name: string };
}

export function podKey(pod: PodName): string {
  return `${pod.metadata.namespace}/${pod.metadata.name}`;
}

export function podPath(pod: PodName): string {
  return `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`;
}

/** By api.md section 4: the container port named `nodetask`, else the annotation, else 7777. */
export function agentPortOf(pod: Pod): number {
  const ports = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].flatMap(
    (container) => container.ports ?? [],
  );
  const named = ports.find(({ name }) => name === agentPortName)?.containerPort;
  return named ?? Number(pod.metadata.annotations?.[agentPortAnnotation] ?? agentPort);
}

/** The service account that the pod's tokens are for. */
export function serviceAccountOf(pod: Pod): string {
  return pod.spec.serviceAccountName ?? 'default';
}

/** No scheduler places it yet, so that it runs nowhere. */
export function isGated(pod: Pod): boolean {
  return (pod.spec.schedulingGates ?? []).length > 0;
}

export function isReady(pod: Pod | undefined): boolean {
  return pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}
