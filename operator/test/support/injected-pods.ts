import { type ControlPlane, KubeApiError, type KubeObject, waitFor } from '@nodetask/testbed';

export interface InjectedPod extends KubeObject {
  readonly spec: {
    readonly initContainers?: readonly (Readonly<Record<string, unknown>> & { readonly name: string })[];
    readonly volumes?: readonly (Readonly<Record<string, unknown>> & { readonly name: string })[];
  };
}

/** A pod that Pod Security "restricted" admits, with the label, and with what the agent needs. Members given replace these. */
export const labelledPod = (
  namespace: string,
  name: string,
  annotations: Readonly<Record<string, string>> = {},
  spec: Readonly<Record<string, unknown>> = {},
): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace,
    labels: { 'nodetask.dev/agent': 'enabled' },
    annotations: { 'nodetask.dev/volume-mounts': 'data:/sei', ...annotations },
  },
  spec: {
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'node',
        image: 'testbed/node',
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        volumeMounts: [{ name: 'data', mountPath: '/sei' }],
      },
    ],
    volumes: [{ name: 'data', emptyDir: {} }],
    ...spec,
  },
});

export const initContainersOf = ({ spec }: InjectedPod): readonly string[] =>
  (spec.initContainers ?? []).map(({ name }) => name);

/** What the API server makes of a pod, without making it. */
export const dryRun = async ({ admin }: ControlPlane, pod: KubeObject): Promise<InjectedPod> =>
  admin.request<InjectedPod>({
    method: 'POST',
    path: `${await admin.pathOf({ ...pod, metadata: { namespace: pod.metadata.namespace ?? '' } })}?dryRun=All`,
    body: pod,
  });

/** Waits until the API server knows of a webhook that gives new pods an init container of this name, and believes it. */
export const untilInjects = async (controlPlane: ControlPlane, namespace: string, container: string): Promise<void> => {
  const pod = labelledPod(namespace, 'probe');
  let last = '';
  await waitFor(
    async () => {
      try {
        const names = initContainersOf(await dryRun(controlPlane, pod));
        last = `it has ${names.join(', ') || 'none'}`;
        return names.includes(container);
      } catch (error) {
        if (!(error instanceof KubeApiError)) throw error;
        last = error.message;
        return false;
      }
    },
    { what: `a new pod to have the init container ${container}`, timeoutMs: 30_000, detail: () => last },
  );
};
