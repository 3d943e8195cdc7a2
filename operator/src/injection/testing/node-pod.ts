import type { InjectionSettings } from '../injection-settings.ts';

export const settings: InjectionSettings = {
  image: 'nodetask/agent:1.2.3',
  enrollURL: 'https://nodetask-operator.nodetask-system.svc/',
  version: '1.2.3',
};

type Fields = Readonly<Record<string, unknown>>;

/** A pod as a StatefulSet makes it: a node with its volume, and the annotations that an agent needs. Members given replace these. */
export const nodePod = (
  annotations: Readonly<Record<string, string>> = {},
  spec: Fields = {},
  metadata: Fields = {},
): Fields => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'sei-rpc-0',
    namespace: 'sei',
    labels: { 'nodetask.dev/agent': 'enabled', app: 'sei-rpc' },
    annotations: { 'nodetask.dev/volume-mounts': 'data:/sei', ...annotations },
    ...metadata,
  },
  spec: {
    containers: [{ name: 'node', image: 'sei', volumeMounts: [{ name: 'data', mountPath: '/sei' }] }],
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-sei-rpc-0' } }],
    ...spec,
  },
});
