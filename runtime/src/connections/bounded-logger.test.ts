import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LogFields, type Logger, silentLogger } from '@nodetask/shared';
import { FakeClock } from '../testing.ts';
import { boundedLogger } from './bounded-logger.ts';

const start = (lines: number) => {
  const told: [message: string, fields: LogFields | undefined][] = [];
  const inner: Logger = { ...silentLogger, warn: (...line) => void told.push([line[0], line[1]]) };
  const clock = new FakeClock();
  return { told, clock, logger: boundedLogger({ logger: inner, clock, lines }) };
};

test('of each message the first lines of a minute are written, and then how many were left out', async () => {
  const { told, clock, logger } = start(2);
  for (let number = 1; number <= 1000; number += 1) logger.child({ of: 'a' }).warn('cut', { number });
  logger.warn('another');
  assert.deepEqual(told.splice(0), [
    ['cut', { of: 'a', number: 1 }],
    ['cut', { of: 'a', number: 2 }],
    ['another', {}],
  ]);
  await clock.advance(60_000);
  assert.deepEqual(told.splice(0), [['cut', { linesLeftOut: 998, ofSeconds: 60 }]]);
  assert.equal(clock.pendingTimers, 0);
  logger.warn('cut', { number: 1001 });
  assert.deepEqual(told, [['cut', { number: 1001 }]]);
});
