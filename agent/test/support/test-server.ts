import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@nodetask/runtime';
import { type Clock, type Logger, silentLogger, TaskError } from '@nodetask/shared';
import { Engine } from '../../src/engine/engine.ts';
import { createMetrics } from '../../src/metrics/agent-metrics.ts';
import { engineObserver, observeSchedules } from '../../src/metrics/observe-engine.ts';
import { instrumentHandlers } from '../../src/metrics/instrument-handlers.ts';
import { Gate } from '../../src/server/access.ts';
import { BearerTokens } from '../../src/server/bearer-token.ts';
import { CallerCertificates } from '../../src/server/caller-certificates.ts';
import { EventStreams, type EventStreamsOptions } from '../../src/server/event-streams.ts';
import type { NodeIdReader } from '../../src/node/node-id-reader.ts';
import type { TaskHandlers } from '../../src/engine/task-handler.ts';
import { defaultLimits, type ServerLimits, startServer } from '../../src/server/listen.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { TlsIdentity } from '../../src/tls/tls-identity.ts';
import { TestHandlers } from './test-handlers.ts';

export interface TestServerOptions {
  readonly token?: string;
  readonly limits?: Partial<ServerLimits>;
  readonly streams?: Partial<EventStreamsOptions>;
  readonly logger?: Logger;
  /** Absent: plain HTTP, which `call` speaks. */
  readonly tls?: TlsIdentity;
  /** By which certificates end; default: that of the machine. */
  readonly certificateClock?: Clock;
  /** Default: those whose runs the test holds. */
  readonly handlers?: TaskHandlers;
  /** Default: the node has no key. */
  readonly nodeId?: NodeIdReader;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  readonly text: string;
}

export type TestServer = Awaited<ReturnType<typeof startTestServer>>;

export const testNamespace = 'sei';

/** The HTTP API on a real socket before a real engine in memory, whose handlers the test holds. */
export const startTestServer = async (options: TestServerOptions = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'nodetask-server-'));
  const tokenFile = join(folder, 'token');
  if (options.token !== undefined) writeFileSync(tokenFile, options.token);

  const logger = options.logger ?? silentLogger;
  const clock = systemClock;
  const { tls, certificateClock = clock } = options;
  const nodeId = options.nodeId ?? (() => Promise.reject(new TaskError('node-key-missing', 'no key')));
  const stop = new AbortController();
  const tests = new TestHandlers();
  const streams = new EventStreams({ clock, most: 8, heartbeatMs: 15_000, stallMs: 30_000, ...options.streams });
  const metrics = createMetrics({
    reportQueueDepth: () => engine.unreported(1000).filter(({ urgent }) => urgent).length,
    eventStreams: () => streams.count,
    ready: () => engine.healthz(),
  });
  const store = new MemoryStore(() => {
    metrics.storeErrors.inc();
  });
  const engine = new Engine({
    handlers: instrumentHandlers(options.handlers ?? tests.handlers, metrics, clock),
    store,
    signal: stop.signal,
    logger,
    observer: engineObserver(metrics),
    heights: {
      watch: (_onHeight, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    },
  });
  const unobserve = observeSchedules(engine, metrics);
  const identity = { podUID: 'pod-uid-1', bootID: randomUUID(), journalID: engine.journalID };
  const server = await startServer(
    { host: '127.0.0.1', port: 0 },
    {
      engine,
      nodeId,
      logger,
      clock,
      metrics,
      streams,
      namespace: testNamespace,
      stopping: () => stop.signal.aborted,
      identity,
      gate: new Gate({
        ...(options.token === undefined ? {} : { tokens: new BearerTokens(tokenFile, clock, logger) }),
        ...(tls === undefined ? {} : { certificates: new CallerCertificates(tls.trust, certificateClock) }),
      }),
      ...(tls === undefined ? {} : { tls }),
    },
    { ...defaultLimits, ...options.limits },
  );
  const port = server.address.port;
  const url = `http://127.0.0.1:${String(port)}`;

  const call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(options.token === undefined ? {} : { Authorization: `Bearer ${options.token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJSON = (response.headers.get('content-type') ?? '').startsWith('application/json');
    return { status: response.status, headers: response.headers, body: isJSON ? JSON.parse(text) : undefined, text };
  };

  return {
    engine,
    tests,
    streams,
    metrics,
    nodeId,
    identity,
    clock,
    store,
    url,
    port,
    tokenFile,
    folder,
    call,
    beginStop: () => {
      stop.abort(new Error('the test stops the agent'));
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error('the test is over'));
      await server.close(AbortSignal.timeout(100));
      await engine.closed;
      unobserve();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
