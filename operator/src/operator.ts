import { agentLabel, agentLabelValue, type Clock, type Logger, type NodeTask } from '@nodetask/shared';
import { Registry } from 'prom-client';
import { AgentClient } from './agents/agent-client.ts';
import { AgentHTTP } from './agents/agent-http.ts';
import { type AgentPod, toAgentPod } from './agents/agent-pod.ts';
import { AgentToken } from './agents/agent-token.ts';
import type { OperatorConfig } from './config.ts';
import { byNamespace, nodeTaskIndexers } from './controller/cluster-view.ts';
import { Controller } from './controller/controller.ts';
import { nodeTasks } from './controller/node-tasks.ts';
import { HealthServer } from './health-server.ts';
import type { ClusterAccess } from './kube/cluster-access.ts';
import { EventRecorder } from './kube/event-recorder.ts';
import { checkLiveness, checkReadiness, waitForSync } from './kube/informer-health.ts';
import { createKubeMetrics } from './kube/metrics.ts';
import { Reflector } from './kube/reflector.ts';
import { pods } from './kube/resource-type.ts';
import { Transport } from './kube/transport.ts';
import { type Lead, withLeadership } from './leadership.ts';
import { createOperatorMetrics } from './operator-metrics.ts';

export interface OperatorParts {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Ends it gently: what is begun is ended, the Lease is given back. */
  readonly signal: AbortSignal;
}

const flushEventsMs = 2_000;

/**
 * Runs the operator until `signal` aborts. Caches are filled whether it leads or not, so that a takeover begins at once.
 * @throws LeadershipLostError, AgentError `fenced`, NewerLeaderError: another instance leads; ListenError; what the start of a part throws.
 */
export const runOperator = async (config: OperatorConfig, parts: OperatorParts): Promise<void> => {
  const { access, clock, random, logger, signal } = parts;
  const registry = new Registry();
  const metrics = createKubeMetrics(registry);
  const transport = new Transport({ access, clock, random, logger, metrics });
  const shared = { transport, clock, random, logger, metrics };
  const namespaces = config.namespaces.length === 0 ? [undefined] : config.namespaces;
  const scope = namespaces.map((namespace) => (namespace === undefined ? {} : { namespace }));
  const nodeTaskMirrors = scope.map(
    (one) => new Reflector<NodeTask>({ ...shared, ...one, type: nodeTasks, indexers: nodeTaskIndexers }),
  );
  const podMirrors = scope.map(
    (one) =>
      new Reflector<AgentPod>({
        ...shared,
        ...one,
        type: pods,
        indexers: byNamespace,
        labelSelector: `${agentLabel}=${agentLabelValue}`,
        transform: toAgentPod,
      }),
  );
  const mirrors = [...nodeTaskMirrors, ...podMirrors];
  const own = createOperatorMetrics(registry, () => nodeTaskMirrors.flatMap(({ cache }) => cache.list()));
  const events = new EventRecorder({
    ...shared,
    controller: 'nodetask.dev/operator',
    instance: config.podName,
  });
  const controller = new Controller({
    ...shared,
    nodeTasks: nodeTaskMirrors,
    pods: podMirrors,
    events,
    concurrency: config.concurrency,
    onStatusWrite: ({ phase }, nodeTask) => {
      own.statusWritten(nodeTask, phase);
    },
  });

  let leading = false;
  await using health = new HealthServer({
    ...config.listen,
    liveness: () => checkLiveness(mirrors),
    readiness: () => checkReadiness(mirrors),
    role: () => (leading ? 'leader' : 'standby'),
    registry,
    logger,
  });
  await health.listen();

  const lead: Lead = async (leaderSignal, fence, leads) => {
    await waitForSync(mirrors, { clock, logger, signal: AbortSignal.any([leaderSignal, signal]) });
    const http = new AgentHTTP({
      token: new AgentToken(config.agentTokenFile, clock),
      fence,
      clock,
      onCall: (method, outcome, seconds) => {
        own.agentCalled(method, outcome, seconds);
      },
    });
    leading = true;
    logger.info('working', { fence, namespaces: config.namespaces, concurrency: config.concurrency });
    try {
      await controller.run(new AgentClient(http), { fence, signal: leaderSignal, drain: signal, leads });
    } finally {
      leading = false;
      await http.close();
    }
  };

  // Mirrors and events outlive the work: it needs them to end.
  const background = new AbortController();
  const running = Promise.all([...mirrors, events].map(async (part) => part.run(background.signal)));
  try {
    // A background part ends before the work only by failing.
    await Promise.race([withLeadership(config, { ...parts, transport, metrics }, lead), running]);
    await events.flush(AbortSignal.timeout(flushEventsMs));
  } finally {
    background.abort(new Error('the operator stops'));
    try {
      await running;
    } finally {
      await transport.close();
    }
  }
};
