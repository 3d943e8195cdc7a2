import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runTraceParent } from '@nodetask/runtime';
import { RecordingTracer } from '@nodetask/runtime/testing';
import { currentTaskID } from '../controller/current-task-id.ts';
import type { AgentCalls } from '../agents/agent-client.ts';
import { AgentError } from '../agents/agent-error.ts';
import { agentPod, at, cron, nodeTask, oneShot, start } from '../controller/testing/fixtures.ts';
import type { StatusWrites } from '../controller/status-writer.ts';
import { endRoot, traceOf } from './node-task-trace.ts';
import { ReconcileTrace } from './reconcile-trace.ts';

const { signal } = new AbortController();
const submit = { id: '00000000-0000-4000-8000-000000000001', type: 'mark-ready' };
const written = nodeTask(oneShot);

const writer: StatusWrites = {
  apply: async () => written,
  dropRows: async () => written,
  addFinalizer: async () => written,
  removeFinalizer: async () => written,
  delete: async () => undefined,
};

/** Agents that note the traceparent of each dispatch. */
const agentsWith = (seen: (string | undefined)[], fault?: AgentError): AgentCalls => ({
  submit: async (_pod, _request, _signal, trace) => {
    seen.push(trace);
    if (fault !== undefined) throw fault;
  },
  read: async () => Promise.reject(new AgentError('missing', 'nothing is known')),
  reschedule: async () => undefined,
  remove: async () => ({ stopped: true }),
});

test('a reconcile that does nothing leaves no span', () => {
  const tracer = new RecordingTracer();
  new ReconcileTrace(tracer, written).end();
  assert.deepEqual(tracer.spans, []);
});

test('what a reconcile does stands below it, and a dispatch is told its place', async () => {
  const tracer = new RecordingTracer();
  const seen: (string | undefined)[] = [];
  const trace = new ReconcileTrace(tracer, written);
  await trace.writer(writer).addFinalizer(written, signal);
  await trace.agents(agentsWith(seen)).submit(agentPod('sei-0'), submit, signal);
  trace.end();
  const [write, dispatch, whole] = tracer.spans;
  assert.deepEqual([write?.name, dispatch?.name, whole?.name], ['write finalizer', 'agent dispatch', 'reconcile']);
  assert.deepEqual([write?.options.parent, dispatch?.options.parent], [whole?.traceparent, whole?.traceparent]);
  assert.equal(whole?.options.parent, traceOf(written));
  assert.deepEqual(seen, [dispatch?.traceparent]);
});

test('what fails is said where it fails', async () => {
  const tracer = new RecordingTracer();
  const trace = new ReconcileTrace(tracer, written);
  const agents = trace.agents(agentsWith([], new AgentError('busy', 'the agent works on another task')));
  await assert.rejects(agents.submit(agentPod('sei-0'), submit, signal), /another task/);
  trace.end(new Error('the API server is away'));
  const [call, whole] = tracer.spans;
  assert.deepEqual([call?.failure, call?.attributes['nodetask.answer']], ['the agent works on another task', 'busy']);
  assert.equal(whole?.failure, 'the API server is away');
});

test('the trace of a one-shot follows from UID and runID, that of a schedule from its newest run', () => {
  assert.equal(traceOf(written), traceOf(nodeTask(oneShot, { observedGeneration: 3, phase: 'Running' })));
  assert.notEqual(traceOf(written), traceOf(nodeTask({ ...oneShot, runID: '2' })));
  assert.notEqual(traceOf(written), traceOf(nodeTask(oneShot, undefined, { uid: 'another' })));
  const id = currentTaskID({ nodeTask: nodeTask(cron) }, 'sei-0', 1);
  const result = { id, type: 'config-validate', status: 'running', submittedAt: at(0), run: 5 } as const;
  const running = nodeTask(cron, { targets: [{ pod: 'sei-0', result }] });
  assert.equal(traceOf(running), runTraceParent(id, 5));
  const foreign = nodeTask(cron, { targets: [{ pod: 'sei-1', result }] });
  assert.equal(traceOf(foreign), traceOf(nodeTask(cron)));
});

test('the root of a one-shot is sent once, with its end, and lasts from the apply', () => {
  const tracer = new RecordingTracer();
  const failed = { phase: 'Failed', startedAt: at(1), conditions: [] } as const;
  const end = { after: { ...failed, conditions: [] }, askedAt: start, now: start + 5_000 };
  endRoot(tracer, written, { ...end, before: { phase: 'Running' } });
  endRoot(tracer, written, { ...end, before: { phase: 'Failed' } });
  endRoot(tracer, written, { ...end, after: { phase: 'Running', startedAt: at(1) }, before: {} });
  assert.equal(tracer.spans.length, 1);
  const [root] = tracer.spans;
  assert.deepEqual([root?.name, root?.traceparent], ['NodeTask mark-ready', traceOf(written)]);
  assert.deepEqual([root?.options.startedAt, root?.failure], [start, 'Failed']);
});

test('the root of a schedule is sent with its first dispatch', () => {
  const tracer = new RecordingTracer();
  const step = { askedAt: start, now: start + 100 };
  const scheduled = nodeTask(cron);
  endRoot(tracer, scheduled, { ...step, before: {}, after: { phase: 'Scheduled', startedAt: at(0) } });
  endRoot(tracer, scheduled, {
    ...step,
    before: { startedAt: at(0) },
    after: { phase: 'Scheduled', startedAt: at(0) },
  });
  assert.equal(tracer.spans.length, 1);
});
