import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startWith, turn, uuid } from '../../test/support/engine/harness.ts';

const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const ref = { namespace: 'sei', name: 'patch', uid: 'u', maxResultBytes: 4096 };
const request = { id: uuid(1), type: 'config-validate', ref };

describe('the trace of a request', () => {
  it('goes on to the run and to the report, and says nothing to the engine', async () => {
    const { engine, handler } = startWith();
    engine.submitRequest(request, trace);
    await turn();
    assert.equal(handler.last.context.trace, trace);
    assert.equal(handler.last.context.resumed, undefined);
    assert.deepEqual(
      engine.unreported(10).map((report) => report.trace),
      [trace],
    );
    // The same request under another span, as after a restart of the operator.
    assert.equal(engine.submitRequest(request, trace.replace('b7', 'c7')).id, uuid(1));
    assert.equal(engine.submitRequest(request).id, uuid(1));
    handler.last.complete();
    await turn();
    assert.equal(engine.unreported(10)[0]?.trace, trace);
    assert.equal(JSON.stringify(engine.getResult(uuid(1))).includes(trace), false);
  });

  it('survives a restart, after which the run knows that it goes on', async () => {
    const first = startWith({ interrupted: 'run-again' });
    first.engine.submitRequest(request, trace);
    await turn();
    first.restart();
    await turn();
    assert.equal(first.handler.runs.length, 2);
    const { context } = first.handler.last;
    assert.deepEqual([context.trace, context.resumed, context.run], [trace, true, 1]);
  });
});
