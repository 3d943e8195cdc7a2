import { agentContainerName, agentPortName } from '@nodetask/shared';
import type * as z from 'zod';
import { boundedText } from '../bounded-text.ts';
import { type ContainerTrouble, containerTrouble, endOf } from './container-trouble.ts';
import type { containerSpecs, ContainerStatus, podConditions } from './pod-statuses.ts';

/** Why the agent of a pod does not run, as far as the status of the pod tells: the reason is one of a condition. */
export type PodTrouble =
  | ContainerTrouble
  | { readonly reason: 'PodUnschedulable' | 'PodEnded'; readonly message: string; readonly runsSince?: never };

type ContainerSpec = z.output<typeof containerSpecs>[number];

/** Of a Pod. */
export interface PodState {
  readonly name: string;
  readonly containers: readonly ContainerSpec[];
  readonly initContainers?: readonly ContainerSpec[] | undefined;
  readonly status?:
    | {
        readonly phase?: string | undefined;
        readonly podIP?: string | undefined;
        readonly reason?: string | undefined;
        readonly message?: string | undefined;
        readonly conditions?: z.output<typeof podConditions>;
        readonly containerStatuses?: readonly ContainerStatus[] | undefined;
        readonly initContainerStatuses?: readonly ContainerStatus[] | undefined;
      }
    | undefined;
}

/** Of a text of the scheduler or the kubelet. */
const maxCharacters = 400;

/** What keeps the agent of a pod from running: the end of the pod, no node, its own container, or one that has to come before it. */
export const podTrouble = (pod: PodState): PodTrouble | undefined =>
  ended(pod) ?? unscheduled(pod) ?? ofAgent(pod) ?? ofEarlier(pod);

const ended = ({ name, status }: PodState): PodTrouble | undefined => {
  const { phase, reason, message } = status ?? {};
  if (phase !== 'Succeeded' && phase !== 'Failed') return undefined;
  const why = reason === undefined ? phase : `${phase}, ${boundedText(reason, 63)}`;
  const said = message === undefined ? '' : `: ${boundedText(message, maxCharacters)}`;
  return { reason: 'PodEnded', message: `pod ${name} has ended (${why})${said}` };
};

const unscheduled = ({ name, status }: PodState): PodTrouble | undefined => {
  const condition = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  // What has an address is on a node, whatever the scheduler has said.
  if (condition?.status !== 'False' || (status?.podIP ?? '') !== '') return undefined;
  const { reason = 'Unschedulable', message } = condition;
  const said = message === undefined ? '' : `: ${boundedText(message, maxCharacters)}`;
  return { reason: 'PodUnschedulable', message: `pod ${name} has no node yet (${boundedText(reason, 63)})${said}` };
};

/** Its own container; while that only waits for others, theirs tell more. */
const ofAgent = (pod: PodState): PodTrouble | undefined => {
  const status = agentStatus(pod);
  if (status === undefined || isHeldUp(status)) return undefined;
  return containerTrouble(pod.name, status);
};

/** Init containers start one after the other: the first that is not over is in the way of all that follow. */
const ofEarlier = (pod: PodState): PodTrouble | undefined => {
  const agent = agentStatus(pod);
  if (agent !== undefined && !isHeldUp(agent)) return undefined;
  const { initContainers = [], status } = pod;
  for (const spec of initContainers) {
    if (spec.name === agentSpec(pod)?.name) break;
    const found = status?.initContainerStatuses?.find(({ name }) => name === spec.name);
    if (found === undefined || isOver(spec, found)) continue;
    return containerTrouble(pod.name, found) ?? stillRuns(pod.name, found);
  }
  return agent === undefined ? undefined : containerTrouble(pod.name, agent);
};

const stillRuns = (pod: string, { name, state }: ContainerStatus): PodTrouble | undefined =>
  state?.running === undefined
    ? undefined
    : {
        reason: 'ContainerWaiting',
        message: `the agent of pod ${pod} has not started: init container ${boundedText(name, 63)} comes before it and still runs`,
      };

/** A sidecar is an init container that is restarted always: it is in nobody's way once it has started. */
const isOver = ({ restartPolicy }: ContainerSpec, { state, started }: ContainerStatus): boolean =>
  restartPolicy === 'Always' ? started === true : state?.terminated?.exitCode === 0;

const isHeldUp = ({ state }: ContainerStatus): boolean => state?.waiting?.reason === 'PodInitializing';

const agentSpec = ({ containers, initContainers = [] }: PodState): ContainerSpec | undefined => {
  const all = [...initContainers, ...containers];
  return (
    all.find(({ ports = [] }) => ports.some(({ name }) => name === agentPortName)) ??
    all.find(({ name }) => name === agentContainerName) ??
    (all.length === 1 ? all[0] : undefined)
  );
};

const agentStatus = (pod: PodState): ContainerStatus | undefined => {
  const wanted = agentSpec(pod)?.name;
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  return [...initContainerStatuses, ...containerStatuses].find(({ name }) => name === wanted);
};

/** How the agent's container last ended: "OOMKilled (exit code 137)". */
export const lastEndOf = (pod: PodState): string | undefined => {
  const { state, lastState } = agentStatus(pod) ?? {};
  const end = state?.terminated ?? lastState?.terminated;
  return end === undefined ? undefined : endOf(end);
};
