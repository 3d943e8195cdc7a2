import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { openTracer, type Tracer } from '@nodetask/runtime';
import type { Clock, Logger, TaskError, TaskRef } from '@nodetask/shared';
import type { AgentConfig, ClusterConfig } from './config.ts';
import { Engine } from './engine/engine.ts';
import { type AgentMetrics, createMetrics } from './metrics/agent-metrics.ts';
import { instrumentHandlers } from './metrics/instrument-handlers.ts';
import { nodeReadings } from './metrics/node-readings.ts';
import { engineObserver, observeSchedules } from './metrics/observe-engine.ts';
import { machineBoot } from './machine-boot.ts';
import { createNodeParts } from './node-parts.ts';
import { ApiServer } from './report/api-server.ts';
import { NodeTaskLookup } from './report/node-task-lookup.ts';
import { Reporter } from './report/reporter.ts';
import { readNamespace, ServiceAccount } from './report/service-account.ts';
import { Gate } from './server/access.ts';
import { BearerTokens } from './server/bearer-token.ts';
import { CallerCertificates } from './server/caller-certificates.ts';
import { EventStreams } from './server/event-streams.ts';
import { startServer } from './server/listen.ts';
import { startProbeServer } from './server/probe-server.ts';
import { makeHome, makeStateFolder } from './state-folder.ts';
import { openSqliteStore } from './store/open-sqlite-store.ts';
import type { TlsIdentity, TlsParts } from './tls/tls-identity.ts';
import type { TlsConfig } from './tls-options.ts';
import { traceHandlers } from './tracing/trace-handlers.ts';
import { registryVersion } from './tasks/config/registry.ts';
import { readNewestUploads } from './tasks/newest-uploads.ts';
import { version } from './version.ts';

export interface AgentParts {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  /** Called with every start of a run. */
  readonly onRun: () => void;
  /** Ends the agent in order; its reason becomes that of every run that is aborted. */
  readonly signal: AbortSignal;
}

const maxEventStreams = 64;
const heartbeatMs = 15_000;
const stallMs = 60_000;

/** Of the grace time: for runs to stop, for the last reports, connections and spans. The rest is for the end of the process. */
const shares = { runs: 0.6, reports: 0.25, connections: 0.1, spans: 0.03 };

/**
 * The agent from start to end: journal, engine, reporter, HTTP API. Resolves when everything has been stopped in order.
 * @throws TokenFileError, IdentityFileError, StateFolderError, ListenError, TaskError `store-unavailable` where it cannot start,
 * or where its journal is taken away from under it
 */
export const runAgent = async (config: AgentConfig, parts: AgentParts): Promise<void> => {
  const { logger, clock } = parts;
  const namespace = await namespaceOf(config);
  const program = { name: 'nodetask-agent', version, instance: config.podName, namespace };
  const tracer = await openTracer(config.tracingEndpoint, program, logger);
  const tokens = config.tokenFile === undefined ? undefined : new BearerTokens(config.tokenFile, clock, logger);
  // A start that fails half-way, and a journal that is gone, stop what has been started.
  const failure = new AbortController();
  const signal = AbortSignal.any([parts.signal, failure.signal]);
  const streams = new EventStreams({ clock, most: maxEventStreams, heartbeatMs, stallMs });
  const metrics = createMetrics({
    reportQueueDepth: () => engine.unreported(1000).filter(({ urgent }) => urgent).length,
    eventStreams: () => streams.count,
    ready: () => engine.healthz(),
    newestUploads: () => readNewestUploads(engine, config.stateFolder),
    node: nodeReadings({ node: () => node, engine: () => engine, stateFolder: config.stateFolder, clock }),
    ...(config.tls === undefined ? {} : { certificateEnd: () => tls?.endSeconds ?? 0 }),
  });
  makeHome(config.home, logger);
  makeStateFolder(config.stateFolder);
  const path = join(config.stateFolder, 'journal.sqlite');
  const owner = { namespace: namespace ?? 'local', podName: config.podName ?? 'local' };
  const onError = (): void => {
    metrics.storeErrors.inc();
  };
  const onDamage = (what: 'record' | 'journal'): void => {
    metrics.journalDamage.inc({ what });
  };
  const onLost = (error: TaskError): void => {
    onDamage('journal');
    failure.abort(error);
  };
  using store = closing(openSqliteStore({ path, owner, logger, onError, onDamage, onLost }));
  const tls =
    config.tls === undefined
      ? undefined
      : await openIdentity(config.tls, { clock, random: parts.random, logger, metrics });
  const node = createNodeParts(config, clock, logger, (direction, bytes) => {
    metrics.transferred.inc({ direction }, bytes);
  });
  await node.recover();
  const link = linkTo(config, clock);
  if (link === undefined) logger.info('not in a cluster: results are not reported to NodeTasks');
  const engine = new Engine({
    handlers: traceHandlers(instrumentHandlers(node.handlers, metrics, clock, parts.onRun), tracer),
    store: store.value,
    place: `${config.podUID ?? ''} ${machineBoot()}`,
    signal,
    clock,
    logger,
    heights: node.heights,
    ...(link === undefined ? {} : { nodeTasks: link.nodeTasks }),
    observer: engineObserver(metrics),
    stopGraceMs: config.graceMs * shares.runs,
  });
  observeSchedules(engine, metrics);
  const reporting =
    link === undefined ? undefined : startReporter(link, config.podUID, { ...parts, tracer }, engine, metrics);
  const identity = { podUID: config.podUID, bootID: randomUUID(), journalID: engine.journalID };
  const stopping = (): boolean => signal.aborted;
  const gate = new Gate({
    ...(tokens === undefined ? {} : { tokens }),
    ...(tls === undefined ? {} : { certificates: new CallerCertificates(tls.trust, clock) }),
  });
  let freshness: Promise<void> | undefined;
  try {
    const context = { engine, nodeId: node.nodeId, logger, clock, metrics, streams, identity, namespace, stopping };
    const server = await startServer(config.listen, { ...context, gate, ...(tls === undefined ? {} : { tls }) });
    const probes = await startProbeServer(config.probeListen, context);
    // Once it listens: that is not to wait for a request to the operator.
    freshness = tls?.run(signal);
    const { bootID, journalID } = identity;
    const listening = { ...server.address, probes: probes.address };
    logger.info('listening', {
      version,
      registry: registryVersion,
      ...listening,
      bootID,
      journal: journalID,
      home: config.home,
    });
    await untilAborted(signal);
    await engine.closed;
    await reporting?.flush(AbortSignal.timeout(config.graceMs * shares.reports));
    const deadline = AbortSignal.timeout(config.graceMs * shares.connections);
    await Promise.all([server.close(deadline), probes.close(deadline)]);
    logger.info('stopped');
    failure.signal.throwIfAborted();
  } catch (error) {
    failure.abort(error);
    await engine.closed;
    throw error;
  } finally {
    await reporting?.stop();
    await node.close();
    await freshness;
    await tracer.close(config.graceMs * shares.spans);
  }
};

/** Loaded where it is used: not every agent has one. */
const openIdentity = async (config: TlsConfig, parts: TlsParts): Promise<TlsIdentity> =>
  (await import('./tls/tls-identity.ts')).TlsIdentity.open(config, parts);

const untilAborted = async (signal: AbortSignal): Promise<void> => {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
};

const namespaceOf = async ({ namespace, cluster }: AgentConfig): Promise<string | undefined> => {
  if (namespace !== undefined || cluster === undefined) return namespace;
  return readNamespace(cluster.serviceAccountFolder);
};

/** The agent's part in a cluster. */
interface Link {
  readonly transport: ApiServer;
  readonly nodeTasks: NodeTaskLookup;
  readonly podName: string;
}

const linkTo = ({ cluster, podName }: AgentConfig, clock: Clock): Link | undefined => {
  if (cluster === undefined || podName === undefined) return undefined;
  const transport = apiServer(cluster, clock);
  return { transport, podName, nodeTasks: new NodeTaskLookup({ transport, podName, clock }) };
};

interface Reporting {
  /** Sends what is pending until the signal aborts. */
  flush(deadline: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

const startReporter = (
  { transport, nodeTasks, podName }: Link,
  podUID: string | undefined,
  { logger, clock, random, tracer }: AgentParts & { readonly tracer: Tracer },
  engine: Engine,
  metrics: AgentMetrics,
): Reporting => {
  const seen = (ref: TaskRef): void => {
    nodeTasks.seen(ref);
  };
  const reporter = new Reporter({ engine, transport, podName, podUID, clock, random, logger, metrics, tracer, seen });
  reporter.start();
  return {
    flush: async (deadline) => {
      const isAll = await reporter.flush(deadline);
      if (!isAll) logger.warn('some results are not reported yet: the next start of the agent goes on with them');
    },
    stop: async () => {
      await reporter.stop(new Error('the agent stops'));
      transport[Symbol.dispose]();
    },
  };
};

const apiServer = ({ host, port, serviceAccountFolder }: ClusterConfig, clock: Clock): ApiServer =>
  new ApiServer({ host, port }, new ServiceAccount(serviceAccountFolder, clock), `nodetask-agent/${version}`);

const closing = <T extends { close(): void }>(value: T): Disposable & { readonly value: T } => ({
  value,
  [Symbol.dispose]: () => {
    value.close();
  },
});
