import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computedTraceParent, inTraceOf, noTracer, runTraceParent } from '@nodetask/runtime';
import { RecordingTracer } from '@nodetask/runtime/testing';
import { silentLogger } from '@nodetask/shared';
import type { TaskContext, TaskHandler, TaskHandlers } from '../engine/task-handler.ts';
import { traceHandlers } from './trace-handlers.ts';

const id = '00000000-0000-4000-8000-000000000001';
const dispatch = computedTraceParent('the dispatch');

type Work = TaskHandler['run'];

const run = async (tracer: RecordingTracer, work: Work, changes: Partial<TaskContext<unknown>> = {}): Promise<void> => {
  const handlers = { 'mark-ready': { interrupted: 'run-again', locks: () => [], run: work } } as TaskHandlers;
  const traced = traceHandlers(handlers, tracer)['mark-ready'] as TaskHandler;
  await traced.run({
    id,
    kind: 'one-shot',
    params: {},
    run: 1,
    submittedAt: new Date(0).toISOString(),
    trace: dispatch,
    signal: new AbortController().signal,
    logger: silentLogger,
    progress: () => undefined,
    advanced: () => undefined,
    withLocks: (_locks, inside) => inside(),
    pledge: () => undefined,
    ...changes,
  });
};

const done: Work = () => Promise.resolve({ outcome: 'changed', message: 'done' });

test('without a tracer the handlers stay as they are', () => {
  const handlers: TaskHandlers = {};
  assert.equal(traceHandlers(handlers, noTracer), handlers);
});

test('a run stands in the trace of its dispatch, at a place that is computed', async () => {
  const tracer = new RecordingTracer();
  await run(tracer, done);
  const [span] = tracer.spans;
  assert.equal(span?.options.parent, dispatch);
  assert.equal(span?.traceparent, inTraceOf(dispatch, runTraceParent(id, 1)));
  assert.equal(span?.attributes['nodetask.outcome'], 'changed');
});

test('without a dispatch it has a trace of its own', async () => {
  const tracer = new RecordingTracer();
  const handlers = { 'mark-ready': { interrupted: 'run-again', locks: () => [], run: done } } as TaskHandlers;
  const traced = traceHandlers(handlers, tracer)['mark-ready'] as TaskHandler;
  const { signal } = new AbortController();
  const rest = {
    submittedAt: new Date(0).toISOString(),
    progress: () => undefined,
    advanced: () => undefined,
    pledge: () => undefined,
    withLocks: <T>(_: unknown, inside: () => Promise<T>) => inside(),
  };
  await traced.run({ id, kind: 'one-shot', params: {}, run: 1, signal, logger: silentLogger, ...rest });
  assert.equal(tracer.spans[0]?.options.parent, undefined);
  assert.equal(tracer.spans[0]?.traceparent, runTraceParent(id, 1));
});

test('each run of what recurs has a trace of its own, which leads back to the dispatch', async () => {
  const tracer = new RecordingTracer();
  await run(tracer, done, { kind: 'schedule', run: 7 });
  const [span] = tracer.spans;
  assert.equal(span?.traceparent, runTraceParent(id, 7));
  assert.deepEqual([span?.options.parent, span?.options.links], [undefined, [dispatch]]);
});

test('a run that goes on after a restart stands below its first part', async () => {
  const tracer = new RecordingTracer();
  await run(tracer, done, { resumed: true });
  const [span] = tracer.spans;
  assert.equal(span?.options.parent, inTraceOf(dispatch, runTraceParent(id, 1)));
  assert.notEqual(span?.traceparent, span?.options.parent);
});

const failing: Work = (context) => {
  context.progress({ stage: 'find', done: 1, unit: 'files' });
  context.progress({ stage: 'read', done: 1, unit: 'bytes' });
  context.progress({ stage: 'read', done: 512, unit: 'bytes' });
  return Promise.reject(new Error('the disk is full'));
};

test('each stage is a span below the run, and the one in which it fails has failed', async () => {
  const tracer = new RecordingTracer();
  const told: string[] = [];
  await assert.rejects(
    run(tracer, failing, { progress: ({ stage, done: so }) => told.push(`${stage} ${so}`) }),
    /full/,
  );
  const [find, read, whole] = tracer.spans;
  assert.deepEqual([find?.name, find?.failure, find?.options.parent], ['find', undefined, whole?.traceparent]);
  assert.deepEqual([read?.name, read?.failure, read?.attributes['nodetask.done']], ['read', 'the disk is full', 512]);
  assert.deepEqual([whole?.name, whole?.failure], ['run mark-ready', 'the disk is full']);
  assert.deepEqual(told, ['find 1', 'read 1', 'read 512'], 'progress goes on to the engine');
});

test('the stages of a run that goes on for ever are bounded', async () => {
  const tracer = new RecordingTracer();
  await run(tracer, (context) => {
    for (let count = 0; count < 1000; count++)
      context.progress({ stage: `stage ${count % 2}`, done: count, unit: 'blocks' });
    return Promise.resolve({ outcome: 'changed', message: 'done' });
  });
  assert.equal(tracer.spans.length, 101);
});
