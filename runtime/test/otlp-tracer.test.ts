import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { type Logger, silentLogger } from '@nodetask/shared';
import { type OtlpReceiver, startOtlpReceiver } from '@nodetask/testbed';
import { openTracer } from '../src/tracing/open-tracer.ts';
import { computedTraceParent, parseTraceParent } from '../src/tracing/trace-parent.ts';
import { noTracer, type Tracer } from '../src/tracing/tracer.ts';

/** Spans as a real receiver gets them over HTTP. */

interface Setup {
  readonly receiver: OtlpReceiver;
  readonly tracer: Tracer;
  /** Warnings. */
  readonly lines: { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[];
}

const setUp = async (t: TestContext): Promise<Setup> => {
  const receiver = await startOtlpReceiver();
  const lines: Setup['lines'] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (message, fields = {}) => {
      lines.push({ message, fields });
    },
  };
  const program = { name: 'nodetask-test', version: '1.2.3', instance: 'sei-0', namespace: 'sei' };
  const tracer = await openTracer(`${receiver.url}/`, program, logger);
  t.after(async () => {
    receiver.release();
    await tracer.close(5_000);
    await receiver[Symbol.asyncDispose]();
    assert.deepEqual(receiver.faults, []);
  });
  return { receiver, tracer, lines };
};

test('without an endpoint nothing is traced', async () => {
  const tracer = await openTracer(undefined, { name: 'x', version: '1' }, silentLogger);
  assert.equal(tracer, noTracer);
  assert.equal(tracer.start('a').traceparent, undefined);
});

test('spans arrive at the end at the latest: with their parents, attributes, links, times and errors', async (t) => {
  const { receiver, tracer } = await setUp(t);
  const link = computedTraceParent('elsewhere');
  const above = tracer.start('above', { attributes: { 'nodetask.name': 'patch' }, startedAt: 1_750_000_000_000 });
  const below = tracer.start('below', { parent: above.traceparent, links: [link], kind: 'client' });
  below.fail(new Error('x'.repeat(2000)));
  below.end();
  above.end(1_750_000_001_500);
  tracer.start('given up', { parent: above.traceparent });
  await tracer.close(5_000);

  const [first, second] = receiver.spans.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  assert.equal(receiver.spans.length, 2);
  assert.equal(`00-${first?.traceID ?? ''}-${first?.spanID ?? ''}-01`, above.traceparent);
  assert.deepEqual([first?.startedAt, first?.endedAt], [1_750_000_000_000, 1_750_000_001_500]);
  assert.deepEqual(
    [first?.attributes, first?.error, first?.parentID],
    [{ 'nodetask.name': 'patch' }, undefined, undefined],
  );
  assert.deepEqual([second?.traceID, second?.parentID], [first?.traceID, first?.spanID]);
  const { traceID, spanID } = parseTraceParent(link) ?? {};
  assert.deepEqual(second?.links, [{ traceID, spanID }]);
  assert.equal(second?.error?.length, 512);
  const resource = { 'service.name': 'nodetask-test', 'service.version': '1.2.3', 'k8s.namespace.name': 'sei' };
  assert.partialDeepStrictEqual(second?.resource, { ...resource, 'service.instance.id': 'sei-0' });
});

test('a span whose place is computed stands there, and those after it by lot', async (t) => {
  const { tracer } = await setUp(t);
  const place = computedTraceParent('NodeTask', 'uid', '');
  assert.equal(tracer.start('root', { as: place }).traceparent, place);
  const child = tracer.start('child', { parent: place }).traceparent ?? '';
  assert.equal(parseTraceParent(child)?.traceID, parseTraceParent(place)?.traceID);
  assert.notEqual(parseTraceParent(child)?.spanID, parseTraceParent(place)?.spanID);
  const moved = tracer.start('run', { parent: computedTraceParent('other'), as: place }).traceparent ?? '';
  assert.equal(parseTraceParent(moved)?.spanID, parseTraceParent(place)?.spanID);
  assert.equal(parseTraceParent(moved)?.traceID, parseTraceParent(computedTraceParent('other'))?.traceID);
});

test('a trace that its beginner does not want recorded is not, and what is no traceparent is no parent', async (t) => {
  const { receiver, tracer } = await setUp(t);
  tracer.start('unwanted', { parent: `${computedTraceParent('a').slice(0, -2)}00` }).end();
  tracer.start('of its own', { parent: 'nonsense' }).end();
  await tracer.close(5_000);
  assert.deepEqual(
    receiver.spans.map(({ name, parentID }) => [name, parentID]),
    [['of its own', undefined]],
  );
});

test('the end does not wait for a receiver that stands still longer than its budget, and says what was lost', async (t) => {
  const { receiver, tracer, lines } = await setUp(t);
  receiver.stall();
  for (let count = 0; count < 7; count++) tracer.start('lost').end();
  const began = performance.now();
  await tracer.close(100);
  assert.ok(performance.now() - began < 2_000);
  assert.deepEqual(lines, [
    { message: 'spans were lost: the tracing endpoint did not take them', fields: { spans: 7 } },
  ]);
});

test('what waits is bounded, and the log tells once that spans are lost', async (t) => {
  const { receiver, tracer, lines } = await setUp(t);
  receiver.stall();
  for (let count = 0; count < 3000; count++) tracer.start('many').end();
  assert.equal(lines.length, 1);
  assert.match(lines[0]?.message ?? '', /^spans are lost/);
  receiver.release();
  await tracer.close(5_000);
  assert.equal(receiver.spans.length, 2048);
  assert.deepEqual(lines[1]?.fields, { spans: 3000 - 2048 - 1 });
});
