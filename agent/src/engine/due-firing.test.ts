import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { cronTrigger } from './cron/cron-trigger.ts';
import { dueFiring } from './due-firing.ts';

const at = (text: string): number => Date.parse(text);

describe('dueFiring', () => {
  it('is the one that is due, where no other has come since', () => {
    const trigger = cronTrigger('@hourly');
    const due = at('2026-01-01T01:00:00Z');
    assert.deepEqual(dueFiring(trigger, due, due), { at: due, superseded: 0 });
    assert.deepEqual(dueFiring(trigger, due, due + 3_599_999), { at: due, superseded: 0 });
  });

  it('is the newest, and counts the others', () => {
    const trigger = cronTrigger('@hourly');
    const due = at('2026-01-01T01:00:00Z');
    assert.deepEqual(dueFiring(trigger, due, at('2026-01-01T05:59:00Z')), {
      at: at('2026-01-01T05:00:00Z'),
      superseded: 4,
    });
  });

  it('counts up to a thousand, and is the newest all the same', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('* * * * *', '*/7 * * * *', '30 4 * * *', '0 0 1 * *'),
        fc.integer({ min: 0, max: 400 * 24 * 60 }),
        (cron, minutes) => {
          const trigger = cronTrigger(cron, 'Europe/Berlin');
          const due = trigger.next(at('2026-01-01T00:00:00Z'));
          const now = due + minutes * 60_000 + 1234;
          const firing = dueFiring(trigger, due, now);
          assert.ok(firing.at <= now && trigger.next(firing.at) > now);
          assert.ok(firing.superseded <= 1000);
        },
      ),
      { numRuns: 50 },
    );
  });
});
