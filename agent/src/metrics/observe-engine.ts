import type { EngineApi } from '../engine/engine-api.ts';
import type { EngineObserver } from '../engine/engine-observer.ts';
import type { AgentMetrics } from './agent-metrics.ts';

const maxSchedules = 200;

/** What the engine tells while it works. */
export const engineObserver = (metrics: AgentMetrics): EngineObserver => ({
  submitted: (type) => {
    metrics.submitted.inc({ type });
  },
  runEnded: ({ type, status, errorCode }) => {
    if (status === 'failed') metrics.failed.inc({ type, code: errorCode ?? 'handler-failed' });
  },
  runsMissed: (type, count) => {
    metrics.missed.inc({ type }, count);
  },
});

/** Keeps the time of each schedule's last success; returns a function that ends it. */
export const observeSchedules = (engine: EngineApi, metrics: AgentMetrics): (() => void) => {
  const known = new Set<string>();
  return engine.subscribe(({ id, result, removed }) => {
    if (removed || result?.async?.schedule === undefined) {
      if (known.delete(id)) metrics.scheduleLastSuccess.remove({ task: id });
      return;
    }
    const { completedAt, outcome, error } = result;
    if (completedAt === undefined || outcome === undefined || error !== undefined) return;
    if (!known.has(id) && known.size >= maxSchedules) return;
    known.add(id);
    metrics.scheduleLastSuccess.set({ task: id }, Date.parse(completedAt) / 1000);
  });
};
