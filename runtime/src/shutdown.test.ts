import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { silentLogger } from '@nodetask/shared';
import { FakeClock } from './fake-clock.ts';
import type { RootLogger } from './logger.ts';
import { installShutdown, ShutdownError } from './shutdown.ts';

class FakeProcess extends EventEmitter {
  readonly codes: number[] = [];
  exit(code: number): void {
    this.codes.push(code);
    this.emit('exited');
  }
}

const setUp = () => {
  const lines: string[] = [];
  const process = new FakeProcess();
  const clock = new FakeClock();
  const logger: RootLogger = {
    ...silentLogger,
    error: (message) => lines.push(message),
    close: () => Promise.resolve(),
  };
  const shutdown = installShutdown({ logger, clock, graceMs: 5000, process });
  return { process, clock, shutdown, lines };
};

test('the first signal aborts with a reason and ends nothing', () => {
  const { process, shutdown } = setUp();
  process.emit('SIGTERM');
  assert.ok(shutdown.signal.reason instanceof ShutdownError);
  assert.equal(shutdown.signal.reason.signalName, 'SIGTERM');
  assert.deepEqual(process.codes, []);
});

test('a second signal ends hard with 128 + its number', async () => {
  const { process } = setUp();
  process.emit('SIGTERM');
  const exited = once(process, 'exited');
  process.emit('SIGINT');
  process.emit('SIGINT');
  await exited;
  assert.deepEqual(process.codes, [130]);
});

test('the end of the grace time ends hard', async () => {
  const { process, clock, lines } = setUp();
  process.emit('SIGTERM');
  await clock.advance(4999);
  assert.deepEqual(process.codes, []);
  await clock.advance(1);
  assert.deepEqual(process.codes, [143]);
  assert.match(lines.join(), /grace time is over/);
});

test('after dispose nothing ends any more', async () => {
  const { process, clock, shutdown } = setUp();
  process.emit('SIGTERM');
  shutdown[Symbol.dispose]();
  await clock.advance(10_000);
  assert.deepEqual(process.codes, []);
  assert.deepEqual(process.eventNames(), []);
  assert.equal(clock.pendingTimers, 0);
});

for (const event of ['uncaughtException', 'unhandledRejection']) {
  test(`${event} is logged and ends with 1`, async () => {
    const { process, lines } = setUp();
    const exited = once(process, 'exited');
    process.emit(event, new Error('x'));
    await exited;
    assert.deepEqual(process.codes, [1]);
    assert.equal(lines.length, 1);
  });
}

test('a logger that does not close does not hold the end up', async () => {
  const process = new FakeProcess();
  const clock = new FakeClock();
  const logger: RootLogger = { ...silentLogger, close: () => new Promise(() => undefined) };
  installShutdown({ logger, clock, graceMs: 1, process });
  process.emit('uncaughtException', new Error('x'));
  await clock.advance(1000);
  assert.deepEqual(process.codes, [1]);
});
