import { isIP } from 'node:net';
import { agentPort, agentPortAnnotation, agentPortName } from '@nodetask/shared';
import * as z from 'zod';
import { boundedText } from '../bounded-text.ts';
import { sizeOf } from '../kube/cache-budget.ts';
import type { KubeObject } from '../kube/kube-object.ts';
import { containerSpecs, type ContainerStatus, containerStatuses, podConditions } from './pod-statuses.ts';
import { lastEndOf, type PodTrouble, podTrouble } from './pod-trouble.ts';

/** Where the agent of a pod listens. */
export interface AgentAddress {
  readonly host: string;
  readonly port: number;
}

/** A pod with the agent label, cut down to what the operator needs: this is what its cache holds. */
export interface AgentPod extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly namespace: string };
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Absent while the agent cannot be called; `unavailable` then says why. */
  readonly address?: AgentAddress;
  readonly unavailable?: string;
  /** Its containers have ended and are never started again: nothing runs in it any more. */
  readonly ended?: true;
  /** When somebody asked for its deletion, with the time that it has to end added; milliseconds since the epoch. */
  readonly leavingAt?: number;
  /** Changes whenever a container starts, stops or becomes ready: an agent that was silent may answer now. */
  readonly pulse: string;
  /** Starts of containers that came after the first: an agent that was started again may have lost its journal. */
  readonly restarts: number;
  /** Why the agent does not run, where the status of the pod tells. */
  readonly trouble?: PodTrouble;
  /** How the agent's container last ended: "OOMKilled (exit code 137)". */
  readonly lastEnd?: string;
}

/** In memory. Whoever may create pods could else fill it with labels. */
const maxPodBytes = 128 * 1024;

const text = z.string();
const identitySchema = z.object({ name: text, namespace: text, uid: text, resourceVersion: text });
const podSchema = z.object({
  metadata: z.object({
    creationTimestamp: z.iso.datetime({ offset: true }),
    deletionTimestamp: text.optional(),
    labels: z.record(text, text).optional(),
    annotations: z.record(text, text).optional(),
  }),
  spec: z.object({
    containers: containerSpecs,
    // A sidecar is an init container that is restarted always.
    initContainers: containerSpecs.optional(),
  }),
  status: z
    .object({
      phase: text.optional(),
      reason: text.optional(),
      message: text.optional(),
      podIP: text.optional(),
      conditions: podConditions,
      containerStatuses,
      initContainerStatuses: containerStatuses,
    })
    .optional(),
});

type Pod = z.output<typeof podSchema>;

/** Reads a Pod of the API server. One that cannot be read is a pod whose agent cannot be called. Throws a ZodError only where it has no name. */
export const toAgentPod = (object: unknown): AgentPod => {
  const { metadata } = z.object({ metadata: identitySchema }).parse(object);
  const { data: pod, error } = podSchema.safeParse(object);
  if (pod === undefined) return unreadable(metadata, faultOf(error));
  const state = { name: metadata.name, ...pod.spec, status: pod.status };
  const trouble = podTrouble(state);
  const lastEnd = lastEndOf(state);
  const read = {
    metadata,
    labels: pod.metadata.labels ?? {},
    createdAt: Date.parse(pod.metadata.creationTimestamp),
    ...reach(pod),
    ...leaving(pod),
    pulse: pulseOf(pod, trouble),
    restarts: restartsOf(pod),
    ...(trouble === undefined ? {} : { trouble }),
    ...(lastEnd === undefined ? {} : { lastEnd }),
  };
  return sizeOf(read) > maxPodBytes
    ? unreadable(metadata, 'it has more labels and containers than any node needs')
    : read;
};

const unreadable = (metadata: AgentPod['metadata'], why: string): AgentPod => ({
  metadata,
  labels: {},
  createdAt: 0,
  unavailable: boundedText(`the operator cannot read the pod: ${why}`),
  pulse: '',
  restarts: 0,
});

const faultOf = ({ issues: [first] }: z.ZodError): string =>
  first === undefined ? '' : `${first.path.join('.')}: ${first.message}`;

const reach = (pod: Pod): Pick<AgentPod, 'address' | 'unavailable' | 'ended'> => {
  const phase = pod.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') {
    return { unavailable: `the pod has ended (${phase})`, ended: true };
  }
  const host = pod.status?.podIP;
  if (host === undefined || host === '') return { unavailable: 'the pod has no address yet' };
  // It becomes part of a URL: nothing but an address may, whoever wrote the status of the pod.
  if (isIP(host) === 0) return { unavailable: 'the podIP of the pod is not an IP address' };
  const port = portOf(pod);
  if (port === undefined) {
    return { unavailable: `the annotation ${agentPortAnnotation} of the pod is not a port from 1 to 65535` };
  }
  return { address: { host, port } };
};

const leaving = ({ metadata: { deletionTimestamp } }: Pod): Pick<AgentPod, 'leavingAt'> => {
  const leavingAt = Date.parse(deletionTimestamp ?? '');
  return Number.isNaN(leavingAt) ? {} : { leavingAt };
};

const pulseOf = ({ status }: Pod, trouble: PodTrouble | undefined): string =>
  JSON.stringify([
    status?.phase,
    status?.initContainerStatuses?.map(beatOf),
    status?.containerStatuses?.map(beatOf),
    ...(trouble === undefined ? [] : [trouble.message]),
  ]);

const beatOf = ({ name, ready, started, restartCount }: ContainerStatus): unknown => ({
  name,
  ready,
  started,
  restartCount,
});

const restartsOf = ({ status }: Pod): number =>
  [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].reduce(
    (sum, { restartCount = 0 }) => sum + restartCount,
    0,
  );

/** The container port named `nodetask`, else the annotation, else 7777; `undefined` for an annotation that is no port. */
const portOf = (pod: Pod): number | undefined => {
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const ports = containers.flatMap((container) => container.ports ?? []);
  const named = ports.find(({ name }) => name === agentPortName);
  if (named !== undefined) return named.containerPort;
  const annotation = pod.metadata.annotations?.[agentPortAnnotation];
  if (annotation === undefined) return agentPort;
  const port = /^\d{1,5}$/.test(annotation) ? Number(annotation) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
};
