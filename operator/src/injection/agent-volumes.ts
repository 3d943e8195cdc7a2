import { enrollAudience, trustConfigMap, trustKey } from '@nodetask/shared';

/** Everything that the injection mounts into an agent is below this folder. */
export const ownFolder = '/var/run/nodetask';

/** Lifetime of the tokens in seconds; the kubelet renews them long before. */
const tokenSeconds = 3600;

const at = (name: string): string => `${ownFolder}/${name}`;

/** Paths in the agent's container. */
export const files = {
  trust: `${at('trust')}/${trustKey}`,
  enrollToken: `${at('token')}/token`,
  serviceAccount: at('serviceaccount'),
  identity: at('identity'),
} as const;

/** Volumes that the injection adds to a pod, and where the agent has them. */
export const agentVolumes = [
  {
    // The CAs by which agent and operator know each other. Until the operator has written them, the pod waits.
    mount: { mountPath: at('trust'), readOnly: true },
    volume: { name: 'nodetask-trust', configMap: { name: trustConfigMap } },
  },
  {
    // Shows the operator which pod asks for a certificate; good for nothing else.
    mount: { mountPath: at('token'), readOnly: true },
    volume: {
      name: 'nodetask-token',
      projected: {
        sources: [
          { serviceAccountToken: { audience: enrollAudience, expirationSeconds: tokenSeconds, path: 'token' } },
        ],
      },
    },
  },
  {
    // The agent's own way to the API server, also where the pod has automountServiceAccountToken: false.
    mount: { mountPath: files.serviceAccount, readOnly: true },
    volume: {
      name: 'nodetask-api',
      projected: {
        sources: [
          { serviceAccountToken: { expirationSeconds: tokenSeconds, path: 'token' } },
          { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          {
            downwardAPI: {
              items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
            },
          },
        ],
      },
    },
  },
  {
    // Key and certificate outlive a restart of the container, and never touch a disk.
    mount: { mountPath: files.identity },
    volume: { name: 'nodetask-identity', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
  },
] as const;
