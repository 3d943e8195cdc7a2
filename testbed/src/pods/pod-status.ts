// The status that the fake kubelet writes: that of a pod whose containers all run.
import type { Container, Pod } from './pod.ts';

export interface PodState {
  readonly ip: string;
  readonly ready: boolean;
  readonly startedAt: Date;
  readonly readyChangedAt: Date;
  readonly restarts: number;
}

/**
 * A JSON merge patch: it replaces lists as a whole. A strategic merge would add a second address to podIPs, which the API server refuses
 * (two of one family).
 */
export function podStatusPatch(pod: Pod, state: PodState): { readonly status: Record<string, unknown> } {
  const started = rfc3339(state.startedAt);
  const condition = (type: string, met: boolean, since: Date): Record<string, unknown> => ({
    type,
    status: met ? 'True' : 'False',
    lastTransitionTime: rfc3339(since),
    ...(met ? {} : { reason: 'ContainersNotReady', message: "the agent's /v0/healthz does not answer 200" }),
  });
  const containerStatus = (container: Container): Record<string, unknown> => ({
    name: container.name,
    image: container.image,
    imageID: container.image,
    ready: state.ready,
    started: true,
    restartCount: state.restarts,
    state: { running: { startedAt: started } },
  });
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return {
    status: {
      phase: 'Running',
      startTime: started,
      hostIP: '127.0.0.1',
      hostIPs: [{ ip: '127.0.0.1' }],
      podIP: state.ip,
      podIPs: [{ ip: state.ip }],
      conditions: [
        condition('PodScheduled', true, state.startedAt),
        condition('Initialized', true, state.startedAt),
        condition('ContainersReady', state.ready, state.readyChangedAt),
        condition('Ready', state.ready, state.readyChangedAt),
      ],
      containerStatuses: pod.spec.containers.map(containerStatus),
      ...(sidecars.length === 0 ? {} : { initContainerStatuses: sidecars.map(containerStatus) }),
    },
  };
}

/** metav1.Time has whole seconds. */
function rfc3339(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
