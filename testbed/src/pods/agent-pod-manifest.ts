// The pod that createAgentPod() makes.
import { agentLabel, agentLabelValue, agentPort, agentPortName } from '@nodetask/shared';
import type { KubeObject } from '../kube/kube-client.ts';

/** A pod as a chart would make it: a node's container and the agent as a sidecar. No image is ever pulled. */
export function agentPodManifest(
  namespace: string,
  name: string,
  labels: Readonly<Record<string, string>>,
  spec: Readonly<Record<string, unknown>>,
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { [agentLabel]: agentLabelValue, ...labels } },
    spec: {
      serviceAccountName: 'nodetask-agent',
      containers: [
        { name: 'node', image: 'testbed/node' },
        { name: 'agent', image: 'testbed/agent', ports: [{ name: agentPortName, containerPort: agentPort }] },
      ],
      ...spec,
    },
  };
}
