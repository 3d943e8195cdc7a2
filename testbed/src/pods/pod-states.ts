// Waits for what a kubelet, or its fake, makes of a pod.
import type { KubeClient } from '../kube/kube-client.ts';
import { waitForObject } from '../kube/wait-for-object.ts';
import { isReady, type Pod, podKey, podPath, type PodName } from './pod.ts';

const TIMEOUT_MS = 30_000;

/** Waits for a pod that exists, or will soon, until its status says Running. */
export async function untilPodRuns(client: KubeClient, name: PodName): Promise<Pod | undefined> {
  return untilPod(client, name, 'to be Running', (pod) => pod?.status?.phase === 'Running');
}

export async function untilPodIsReady(client: KubeClient, name: PodName, ready: boolean): Promise<void> {
  const what = ready ? 'to be Ready' : 'not to be Ready';
  await untilPod(client, name, what, (pod) => pod !== undefined && isReady(pod) === ready);
}

/** Waits until there is no such pod any more, or another of its name. */
export async function untilPodIsGone(client: KubeClient, pod: Pod): Promise<void> {
  await untilPod(client, pod, 'to be gone', (object) => object?.metadata.uid !== pod.metadata.uid);
}

async function untilPod(
  client: KubeClient,
  name: PodName,
  what: string,
  condition: (pod: Pod | undefined) => boolean,
): Promise<Pod | undefined> {
  return waitForObject<Pod>(client, podPath(name), condition, {
    what: `pod ${podKey(name)} ${what}`,
    timeoutMs: TIMEOUT_MS,
  });
}
