import { agentPort } from '@nodetask/shared';
import type { Wishes } from './annotations.ts';
import { files } from './agent-volumes.ts';
import type { InjectionSettings } from './injection-settings.ts';
import type { Pod } from './pod.ts';

type Variable =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly valueFrom: { readonly fieldRef: { readonly fieldPath: string } } };

/** What the agent takes from SIGTERM to its end when nobody says otherwise, and the room that a pod needs beside it, in seconds. */
const usualGrace = 25;
const graceMargin = 5;

/** Names in the environment of an injected agent that an annotation cannot set. */
const ownNames: ReadonlySet<string> = new Set([
  'POD_NAME',
  'POD_NAMESPACE',
  'POD_UID',
  'NODETASK_HOME',
  'NODETASK_LISTEN',
  'NODETASK_PROBE_LISTEN',
  'NODETASK_NODE_RPC',
  'NODETASK_ENROLL_URL',
  'NODETASK_ENROLL_TOKEN_FILE',
  'NODETASK_TRUST_FILE',
  'NODETASK_IDENTITY_DIR',
  'NODETASK_SERVICEACCOUNT_DIR',
  'NODETASK_GRACE_SECONDS',
]);

export const isSetByInjection = (name: string): boolean => ownNames.has(name);

/** The environment of an injected agent; agent/src/config.ts says what each variable means. */
export const agentEnvironment = (pod: Pod, wishes: Wishes, settings: InjectionSettings): readonly Variable[] => {
  const port = wishes['agent-port'];
  const probePort = wishes['probe-port'];
  const nodeRPC = wishes['node-rpc'];
  const grace = graceSeconds(pod);
  return [
    field('POD_NAME', 'metadata.name'),
    field('POD_NAMESPACE', 'metadata.namespace'),
    field('POD_UID', 'metadata.uid'),
    { name: 'NODETASK_HOME', value: wishes.home },
    ...(port === agentPort ? [] : [{ name: 'NODETASK_LISTEN', value: `:${String(port)}` }]),
    ...(probePort === undefined ? [] : [{ name: 'NODETASK_PROBE_LISTEN', value: `:${String(probePort)}` }]),
    ...(nodeRPC === undefined ? [] : [{ name: 'NODETASK_NODE_RPC', value: nodeRPC }]),
    { name: 'NODETASK_ENROLL_URL', value: settings.enrollURL },
    { name: 'NODETASK_ENROLL_TOKEN_FILE', value: files.enrollToken },
    { name: 'NODETASK_TRUST_FILE', value: files.trust },
    { name: 'NODETASK_IDENTITY_DIR', value: files.identity },
    { name: 'NODETASK_SERVICEACCOUNT_DIR', value: files.serviceAccount },
    ...(grace === undefined ? [] : [{ name: 'NODETASK_GRACE_SECONDS', value: String(grace) }]),
    ...Object.entries(wishes['agent-env']).map(([name, value]) => ({ name, value })),
  ];
};

const field = (name: string, fieldPath: string): Variable => ({ name, valueFrom: { fieldRef: { fieldPath } } });

/** Where the pod is killed before the agent would have ended: less, so that it can still journal what it stops. */
const graceSeconds = ({ spec }: Pod): number | undefined => {
  const ofPod = spec.terminationGracePeriodSeconds;
  if (ofPod === undefined || ofPod >= usualGrace + graceMargin) return undefined;
  return Math.max(1, ofPod - graceMargin);
};
