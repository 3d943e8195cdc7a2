import { openTracer } from '@nodetask/runtime';
import { boundedLogger, type OnCut, tellOfCuts } from '@nodetask/runtime/connections';
import { agentLabel, agentLabelValue, type Clock, type Logger, type NodeTask } from '@nodetask/shared';
import { AgentClient } from './agents/agent-client.ts';
import { AgentHTTP } from './agents/agent-http.ts';
import { type AgentPod, toAgentPod } from './agents/agent-pod.ts';
import { AgentToken } from './agents/agent-token.ts';
import { TLSConnections } from './agents/tls-connections.ts';
import type { OperatorConfig } from './config.ts';
import { byNamespace, nodeTaskIndexers } from './controller/cluster-view.ts';
import { Controller } from './controller/controller.ts';
import { crdMissing, nodeTasks } from './controller/node-tasks.ts';
import { readNodeTask } from './controller/read-node-task.ts';
import { enrollRoute } from './enroll/enroll-route.ts';
import { HealthServer } from './health-server.ts';
import { mutatePods } from './injection/mutate-pods.ts';
import { AbsentType } from './kube/absent-type.ts';
import { CacheBudget } from './kube/cache-budget.ts';
import { ClusterClock } from './kube/cluster-clock.ts';
import type { ClusterAccess } from './kube/cluster-access.ts';
import { EventRecorder } from './kube/event-recorder.ts';
import { checkLiveness, checkReadiness, waitForSync } from './kube/informer-health.ts';
import type { OnLead } from './kube/leader-elector.ts';
import { Reflector } from './kube/reflector.ts';
import { pods } from './kube/resource-type.ts';
import { Transport } from './kube/transport.ts';
import { operatorNamespace, withLeadership } from './leadership.ts';
import type { Listener } from './operator-metrics.ts';
import { createRegistry } from './metrics/create-registry.ts';
import { metricsRoutes } from './secure-server/metrics-routes.ts';
import { runSecureServer } from './secure-server/run-secure-server.ts';
import type { SecureRoute } from './secure-server/secure-route.ts';
import { version } from './version.ts';
import { WatchedNamespaces } from './watched-namespaces.ts';

export interface OperatorParts {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Ends it gently: what is begun is ended, the Lease is given back. */
  readonly signal: AbortSignal;
}

/** Memory for what is known of NodeTasks, some forty thousand of them, and of pods. The chart sets 512 MiB as the limit of the process. */
const nodeTaskBytes = 160 * 1024 * 1024;
const podBytes = 32 * 1024 * 1024;
const flushEventsMs = 2_000;
const flushSpansMs = 1_000;

/**
 * Runs the operator until `signal` aborts. Caches are filled whether it leads or not, so that a takeover begins at once.
 * @throws LeadershipLostError; ListenError; what the start of a part throws.
 */
export const runOperator = async (config: OperatorConfig, parts: OperatorParts): Promise<void> => {
  const { access, random, logger, signal } = parts;
  const clock = new ClusterClock(parts.clock, logger);
  const program = { name: 'nodetask-operator', version, instance: config.podName, namespace: access.namespace };
  const tracer = await openTracer(config.tracingEndpoint, program, logger);
  const {
    registry,
    kube: metrics,
    own,
  } = createRegistry({
    nodeTasks: () => nodeTaskMirrors.flatMap(({ cache }) => cache.list()),
    unreachableAgents: () => controller.unreachableAgents(),
    certificateEnds: () => certificates?.ends ?? new Map(),
    unreadableNamespaces: () => watched.unreadable,
    clock,
  });
  const transport = new Transport({
    access,
    clock,
    random,
    logger,
    metrics,
    onDate: (date, tookMs) => {
      clock.sees(date, tookMs);
    },
  });
  const shared = { transport, clock, random, logger, metrics };
  const namespaces = config.namespaces.length === 0 ? [undefined] : config.namespaces;
  const scope = namespaces.map((namespace) => (namespace === undefined ? {} : { namespace }));
  const nodeTaskBudget = new CacheBudget(nodeTaskBytes);
  const absent = new AbsentType(logger, crdMissing);
  const nodeTaskMirrors = scope.map(
    (one) =>
      new Reflector<NodeTask>({
        ...shared,
        ...one,
        type: nodeTasks,
        absent,
        indexers: nodeTaskIndexers,
        transform: readNodeTask,
        budget: nodeTaskBudget,
      }),
  );
  const podBudget = new CacheBudget(podBytes);
  const podMirrors = scope.map(
    (one) =>
      new Reflector<AgentPod>({
        ...shared,
        ...one,
        type: pods,
        indexers: byNamespace,
        labelSelector: `${agentLabel}=${agentLabelValue}`,
        transform: toAgentPod,
        budget: podBudget,
      }),
  );
  const { secure } = config;
  const certificates =
    secure === undefined
      ? undefined
      : // What makes certificates takes its time to load.
        new (await import('./pki/certificates.ts')).Certificates({
          ...shared,
          config: secure,
          namespace: operatorNamespace(config, access),
          watched: config.namespaces,
          isReadable: (namespace) => !watched.unreadable.includes(namespace),
          agentNamespaces: () => podMirrors.flatMap(({ cache }) => cache.list().map((pod) => pod.metadata.namespace)),
        });
  for (const mirror of podMirrors) {
    mirror.onChange((_, before) => {
      if (before === undefined) certificates?.upkeep.namespacesChanged();
    });
  }
  const mirrors = [...nodeTaskMirrors, ...podMirrors, ...(certificates?.mirrors ?? [])];
  const leaseReference = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    namespace: operatorNamespace(config, access),
    name: config.leaseName,
    uid: '',
  };
  const watched = new WatchedNamespaces({
    namespaces: namespaces.map((name, at) => ({
      name,
      nodeTasks: nodeTaskMirrors[at] as Reflector<NodeTask>,
      pods: podMirrors[at] as Reflector<AgentPod>,
    })),
    clock,
    logger,
    onUnreadable: (_, note) => {
      const reason = 'NamespaceUnreadable';
      events.event({ regarding: leaseReference, type: 'Warning', reason, action: 'Watch', note });
      certificates?.upkeep.namespacesChanged();
    },
    onComplete: (namespace) => {
      controller.workOn(namespace);
      certificates?.upkeep.namespacesChanged();
    },
  });
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
    ...(config.defaultTTLSeconds === undefined ? {} : { defaultTTLSeconds: config.defaultTTLSeconds }),
    tracer,
    isComplete: (namespace) => watched.isComplete(namespace),
    observer: {
      statusWritten: ({ phase }, nodeTask) => {
        own.statusWritten(nodeTask, phase);
      },
      writeRefused: (write) => {
        own.writeRefused(write);
      },
      dispatched: (seconds) => {
        own.dispatched(seconds);
      },
      finished: ({ spec }, seconds) => {
        own.finished(spec.type, seconds);
      },
    },
  });

  // Log lines that strangers can cause.
  const strangers = boundedLogger({ logger, clock, lines: 10 });
  const onCut = (listener: Listener): OnCut =>
    tellOfCuts({
      listener,
      count: (reason) => {
        own.connectionCut(listener, reason);
      },
      logger,
      clock,
    });
  let leading = false;
  await using health = new HealthServer({
    address: config.listen,
    liveness: () => checkLiveness(mirrors),
    readiness: () => {
      const caches = watched.readiness();
      if (!caches.ok || certificates === undefined) return caches;
      const ofCertificates = checkReadiness(certificates.needed);
      return ofCertificates.ok ? certificates.readiness() : ofCertificates;
    },
    role: () => (leading ? 'leader' : 'standby'),
    ...(config.secureMetrics ? {} : { registry }),
    logger: strangers,
    onCut: onCut('probes'),
  });
  await health.listen();

  /** What the HTTPS server serves. */
  const { secureMetrics } = config;
  const routes: SecureRoute[] = [...metricsRoutes({ secureMetrics, registry, transport, clock, logger: strangers })];
  if (certificates !== undefined && secure?.agentTLS === true) {
    routes.push(
      enrollRoute({
        ...shared,
        podOf: (key) => podMirrors.map(({ cache }) => cache.get(key)).find((pod) => pod !== undefined),
        issue: (podUID, publicKey) => certificates.issueForAgent(podUID, publicKey),
        onAnswer: (status) => {
          own.enrollmentAnswered(status);
        },
      }),
    );
  }

  if (config.injection !== undefined && secure !== undefined) {
    const service = `${secure.service.name}.${operatorNamespace(config, access)}.svc`;
    routes.push(
      mutatePods({ logger: strangers, settings: { ...config.injection, enrollURL: `https://${service}/`, version } }),
    );
  }

  const work: OnLead = async (leaderSignal, fence) => {
    const http = new AgentHTTP({
      ...(certificates !== undefined && secure?.agentTLS === true
        ? { connections: new TLSConnections(() => certificates.own.material('operator')) }
        : {}),
      token: new AgentToken(config.agentTokenFile, clock),
      fence,
      clock,
      onCall: (method, outcome, seconds) => {
        own.agentCalled(method, outcome, seconds);
      },
    });
    leading = true;
    logger.info('working', { fence: fence.value, namespaces: config.namespaces, concurrency: config.concurrency });
    try {
      await controller.run(new AgentClient(http), { fence, signal: leaderSignal, drain: signal });
    } finally {
      leading = false;
      await http.close();
    }
  };

  const onPast = (): void => {
    logger.warn('the Lease is one of the past, as after a restore of etcd: everything is listed anew');
    for (const mirror of mirrors) mirror.listAnew();
  };

  const lead: OnLead = async (leaderSignal, fence) => {
    const ended = new AbortController();
    const untilEnd = AbortSignal.any([leaderSignal, ended.signal]);
    const upkeep = Promise.all([certificates?.upkeep.run(untilEnd), watched.run(untilEnd)]);
    try {
      await certificates?.ready(AbortSignal.any([leaderSignal, signal]));
      await work(leaderSignal, fence);
    } finally {
      ended.abort(new Error('the work of the leader has ended'));
      await upkeep;
    }
  };

  /** Whoever cannot work leaves the Lease to others. */
  const leadWhenAble = async (): Promise<void> => {
    try {
      await watched.ready(signal);
      if (certificates !== undefined) await waitForSync(certificates.needed, { clock, logger, signal });
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    await withLeadership(config, { ...parts, clock, transport, metrics, onPast }, lead);
  };

  // Mirrors and events outlive the work: it needs them to end.
  const background = new AbortController();
  const running = Promise.all([
    ...[...mirrors, events, ...(certificates === undefined ? [] : [certificates])].map(async (part) =>
      part.run(background.signal),
    ),
    ...(certificates === undefined || secure === undefined
      ? []
      : [
          runSecureServer(
            { clock, logger: strangers, onCut: onCut('https'), address: secure.listen, own: certificates.own, routes },
            background.signal,
          ),
        ]),
  ]);
  try {
    // A background part ends before the work only by failing.
    await Promise.race([leadWhenAble(), running]);
    await events.flush(AbortSignal.timeout(flushEventsMs));
  } finally {
    background.abort(new Error('the operator stops'));
    try {
      await running;
    } finally {
      await Promise.all([transport.close(), tracer.close(flushSpansMs)]);
    }
  }
};
