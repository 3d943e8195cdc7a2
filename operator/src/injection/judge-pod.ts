import { agentPortName } from '@nodetask/shared';
import { shortList } from '../bounded-text.ts';
import { isWithin } from './agent-mount.ts';
import { agentVolumes, ownFolder } from './agent-volumes.ts';
import { nodeUser } from './agent-user.ts';
import type { Wishes } from './annotations.ts';
import { allContainers, type Pod } from './pod.ts';
import { probePort } from './probe-port.ts';

/** Why an agent cannot be put into a pod as it is; nothing where it can. Each says what to write instead. */
type Judge = (pod: Pod, wishes: Wishes) => readonly string[];

const windows: Judge = ({ spec }) =>
  spec.os?.name === 'windows' || spec.nodeSelector?.['kubernetes.io/os'] === 'windows'
    ? ['the pod is for Windows, and the agent is for Linux only: take the label nodetask.dev/agent off']
    : [];

const volumes: Judge = ({ spec }, { 'volume-mounts': mounts }) => {
  const names = spec.volumes.map(({ name }) => name);
  // The API server has added the token of the service account already, under a random name.
  const others = names.filter((name) => !name.startsWith('kube-api-access-'));
  const there = others.length === 0 ? 'it has none' : `it has ${shortList(others, 20)}`;
  return mounts
    .filter(({ volume }) => !names.includes(volume))
    .map(
      ({ volume }) => `nodetask.dev/volume-mounts names the volume ${volume}, which the pod does not have: ${there}`,
    );
};

const paths: Judge = (_pod, { 'volume-mounts': mounts }) =>
  mounts
    .filter(({ path }) => isWithin(path, ownFolder) || isWithin(ownFolder, path))
    .map(
      ({ path }) =>
        `nodetask.dev/volume-mounts: ${path} is where the agent's own files are (${ownFolder}): choose another path`,
    );

/** Without a volume there, the agent's root is read-only and its journal would be lost. */
const home: Judge = (_pod, { 'volume-mounts': mounts, home: folder }) => {
  const [innermost] = mounts
    .filter(({ path }) => isWithin(folder, path))
    .toSorted((one, other) => other.path.length - one.path.length);
  if (innermost === undefined) {
    return [
      `no volume is mounted at the node's home ${folder}: add it to nodetask.dev/volume-mounts, for instance "data:${folder}", or say where it is by nodetask.dev/home`,
    ];
  }
  return innermost.readOnly
    ? [
        `nodetask.dev/volume-mounts mounts ${innermost.path} read-only, and the agent must write to the node's home ${folder}: take ":ro" off`,
      ]
    : [];
};

const takenNames: Judge = ({ spec }) => {
  const own = new Set<string>(agentVolumes.map(({ volume }) => volume.name));
  return spec.volumes
    .filter(({ name }) => own.has(name))
    .map(({ name }) => `the pod has a volume ${name} already, and the agent's own one has that name: rename it`);
};

const ports: Judge = (pod, wishes) => {
  const own = new Map([
    [wishes['agent-port'], 'nodetask.dev/agent-port'],
    [probePort(wishes), 'nodetask.dev/probe-port'],
  ]);
  return allContainers(pod).flatMap(({ name, ports: taken }) =>
    taken.flatMap((one) => {
      if (one.name === agentPortName) {
        return [
          `the container ${name} has a port named ${agentPortName}, by which the operator finds the agent: rename the port, or, where that container is an agent, name it nodetask-agent`,
        ];
      }
      const annotation = own.get(one.containerPort ?? 0);
      return annotation !== undefined && one.protocol === 'TCP'
        ? [
            `the container ${name} has the port ${String(one.containerPort)}: give the agent another one by ${annotation}`,
          ]
        : [];
    }),
  );
};

const ownPorts: Judge = (_pod, wishes) => {
  const [port, probes] = [wishes['agent-port'], probePort(wishes)];
  if (probes > 65_535) {
    return [
      `nodetask.dev/agent-port is ${String(port)}, and probes have the port after it, which does not exist: give them another one by nodetask.dev/probe-port`,
    ];
  }
  return port === probes
    ? [
        `nodetask.dev/probe-port is ${String(probes)}, which is the port of the agent's API: give one of them another port`,
      ]
    : [];
};

/** The agent gets its certificate from a Service, whose name only the cluster's DNS knows. */
const dns: Judge = ({ spec }) => {
  const { dnsPolicy = 'ClusterFirst', hostNetwork } = spec;
  const isOnHost = hostNetwork === true && dnsPolicy === 'ClusterFirst';
  return dnsPolicy === 'Default' || isOnHost
    ? [
        `with ${isOnHost ? 'hostNetwork: true and ' : ''}dnsPolicy: ${dnsPolicy} the agent cannot resolve the operator's service: set dnsPolicy: ${hostNetwork === true ? 'ClusterFirstWithHostNet' : 'ClusterFirst'}`,
      ]
    : [];
};

const processes: Judge = ({ spec }, wishes) =>
  wishes['share-process-namespace'] && spec.hostPID === true
    ? ['hostPID: true and nodetask.dev/share-process-namespace: "true" exclude each other: take one of them off']
    : [];

/** Root is for who asks for it. */
const root: Judge = (pod, wishes) =>
  wishes['run-as-user'] === undefined && nodeUser(pod).user === 0
    ? [
        'the first container runs as root (runAsUser: 0): say by nodetask.dev/run-as-user whom the agent is to run as, "0" for root too, or another user who may write to the volume',
      ]
    : [];

const judges: readonly Judge[] = [windows, volumes, paths, home, takenNames, ports, ownPorts, dns, processes, root];

/** Everything that speaks against an agent in this pod. */
export const judgePod: Judge = (pod, wishes) => judges.flatMap((judge) => judge(pod, wishes));
