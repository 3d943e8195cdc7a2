import { agentContainerName, agentPortName, agentProbePortName } from '@nodetask/shared';
import { agentEnvironment } from './agent-env.ts';
import type { AgentMount } from './agent-mount.ts';
import { agentVolumes } from './agent-volumes.ts';
import type { Wishes } from './annotations.ts';
import type { InjectionSettings } from './injection-settings.ts';
import type { Pod } from './pod.ts';
import { defaultResources } from './resources.ts';
import { agentUser } from './agent-user.ts';
import { probePort } from './probe-port.ts';

/** The most that a probe may count to: the gate is closed for as long as it takes, which for a restore is hours. */
const never = 2_147_483_647;

/**
 * The agent as a native sidecar: an init container that is restarted always, so that it runs before and beside everything else.
 * https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
 */
export const sidecar = (pod: Pod, wishes: Wishes, settings: InjectionSettings): Readonly<Record<string, unknown>> => {
  const port = probePort(wishes);
  // By number: where the traffic of a port does not go through the proxy of a mesh, Istio knows so only by its number.
  const probe = (path: string): object => ({ httpGet: { path, port } });
  return {
    name: agentContainerName,
    image: settings.image,
    ...(settings.imagePullPolicy === undefined ? {} : { imagePullPolicy: settings.imagePullPolicy }),
    restartPolicy: 'Always',
    env: agentEnvironment(pod, wishes, settings),
    ports: [
      { name: agentPortName, containerPort: wishes['agent-port'], protocol: 'TCP' },
      { name: agentProbePortName, containerPort: port, protocol: 'TCP' },
    ],
    startupProbe: wishes['start-gate']
      ? { ...probe('/v0/startupz'), periodSeconds: 2, timeoutSeconds: 5, failureThreshold: never }
      : { ...probe('/v0/livez'), periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 120 },
    livenessProbe: { ...probe('/v0/livez'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    resources: wishes['agent-resources'] ?? defaultResources(pod),
    securityContext: {
      ...agentUser(pod, wishes),
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      ...wishes['volume-mounts'].map(toVolumeMount),
      ...agentVolumes.map(({ mount, volume }) => ({ name: volume.name, ...mount })),
    ],
  };
};

const toVolumeMount = ({ volume, path, subPath, readOnly }: AgentMount): object => ({
  name: volume,
  mountPath: path,
  ...(subPath === undefined ? {} : { subPath }),
  ...(readOnly ? { readOnly } : {}),
});
