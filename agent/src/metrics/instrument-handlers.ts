import type { Clock, TaskType } from '@nodetask/shared';
import type { TaskHandler, TaskHandlers } from '../engine/task-handler.ts';
import type { AgentMetrics } from './agent-metrics.ts';

type RunMetrics = Pick<AgentMetrics, 'taskDuration' | 'running'>;

/** The same handlers, each run of which is timed by its outcome; `onRun` is called when one starts. */
export const instrumentHandlers = (
  handlers: TaskHandlers,
  metrics: RunMetrics,
  clock: Clock,
  onRun: () => void = () => undefined,
): TaskHandlers =>
  Object.fromEntries(
    Object.entries(handlers).map(([type, handler]) => [
      type,
      instrument(type as TaskType, handler as TaskHandler, metrics, clock, onRun),
    ]),
  );

const instrument = (
  type: TaskType,
  handler: TaskHandler,
  metrics: RunMetrics,
  clock: Clock,
  onRun: () => void,
): TaskHandler => ({
  interrupted: handler.interrupted,
  daemon: handler.daemon ?? false,
  locks: (params) => handler.locks(params),
  check: (params) => handler.check?.(params),
  finish: async (context, pledge) => handler.finish?.(context, pledge),
  run: async (context) => {
    onRun();
    const started = clock.monotonic();
    const observe = (outcome: string): void => {
      metrics.taskDuration.observe({ type, outcome }, (clock.monotonic() - started) / 1000);
    };
    metrics.running.inc({ type });
    try {
      const report = await handler.run(context);
      observe(report.outcome);
      return report;
    } catch (error) {
      observe(context.signal.aborted ? 'cancelled' : 'failed');
      throw error;
    } finally {
      metrics.running.dec({ type });
    }
  },
});
