import type { Span, Tracer } from '@nodetask/runtime';
import type { TaskType } from '@nodetask/shared';
import type { ProgressUpdate, TaskContext, TaskHandler, TaskHandlers, TaskReport } from '../engine/task-handler.ts';
import { runPlace } from './run-place.ts';

/** Stages of one run that get a span: a daemon has the same few again and again. */
const maxStages = 100;

/** The same handlers, each run of which is a span, with one below it for each stage that it reports progress of. */
export const traceHandlers = (handlers: TaskHandlers, tracer: Tracer): TaskHandlers =>
  tracer.enabled
    ? Object.fromEntries(
        Object.entries(handlers).map(([type, handler]) => [
          type,
          traceHandler(type as TaskType, handler as TaskHandler, tracer),
        ]),
      )
    : handlers;

const traceHandler = (type: TaskType, handler: TaskHandler, tracer: Tracer): TaskHandler => ({
  interrupted: handler.interrupted,
  daemon: handler.daemon ?? false,
  locks: (params) => handler.locks(params),
  check: (params) => handler.check?.(params),
  finish: async (context, pledge) => handler.finish?.(context, pledge),
  run: async (context) => {
    const span = startRun(type, context, tracer);
    const stages = new Stages(tracer, span);
    try {
      const report = await handler.run({
        ...context,
        progress: (update) => {
          stages.progress(update);
          context.progress(update);
        },
      });
      stages.end();
      span.set({ 'nodetask.outcome': outcomeOf(report) });
      return report;
    } catch (error) {
      const why: unknown = context.signal.aborted ? context.signal.reason : error;
      stages.end(why);
      span.fail(why);
      throw error;
    } finally {
      span.end();
    }
  },
});

/** A run that was interrupted and goes on after a restart stands below its first part, which may never have been sent. */
const startRun = (
  type: TaskType,
  { id: taskID, run, kind, trace, resumed }: TaskContext<unknown>,
  tracer: Tracer,
): Span => {
  const recurs = kind !== 'one-shot';
  const place = runPlace({ taskID, run, recurs, trace });
  const parent = resumed === true ? place : recurs ? undefined : trace;
  return tracer.start(`run ${type}`, {
    ...(parent === undefined ? {} : { parent }),
    ...(resumed === true ? {} : { as: place }),
    ...(recurs && trace !== undefined ? { links: [trace] } : {}),
    attributes: {
      'nodetask.task_id': taskID,
      'nodetask.type': type,
      'nodetask.run': run,
      ...(resumed === true ? { 'nodetask.resumed': true } : {}),
    },
  });
};

/** What a handler returns is judged by the engine, later. */
const outcomeOf = (report: TaskReport | undefined): string => report?.outcome ?? 'none';

class Stages {
  readonly #tracer: Tracer;
  readonly #run: Span;
  #count = 0;
  #current: { readonly name: string; readonly span: Span } | undefined;
  #last: ProgressUpdate | undefined;

  constructor(tracer: Tracer, run: Span) {
    this.#tracer = tracer;
    this.#run = run;
  }

  progress(update: ProgressUpdate): void {
    if (update.stage !== this.#current?.name) {
      this.end();
      this.#begin(update.stage);
    }
    this.#last = update;
  }

  /** @param why the run failed in it. */
  end(why?: unknown): void {
    const { span } = this.#current ?? {};
    if (span === undefined) return;
    if (this.#last !== undefined) {
      span.set({ 'nodetask.done': this.#last.done, 'nodetask.unit': this.#last.unit.slice(0, 16) });
    }
    if (why !== undefined) span.fail(why);
    span.end();
    this.#current = undefined;
    this.#last = undefined;
  }

  #begin(name: string): void {
    this.#count += 1;
    if (this.#count > maxStages) return;
    this.#current = { name, span: this.#tracer.start(name.slice(0, 64), { parent: this.#run.traceparent }) };
  }
}
