import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { outcomes, runRecordSchema, taskResultSchema, taskStatuses } from './task-result.ts';
import { taskTypes } from './task-type.ts';

const time = fc
  .date({ min: new Date('2000-01-01T00:00:00Z'), max: new Date('2100-01-01T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString());

const json = fc.dictionary(
  fc.string().filter((key) => key !== '__proto__'),
  fc.jsonValue({ noUnicodeString: false }).map((value) => JSON.parse(JSON.stringify(value)) as unknown),
);

const count = fc.nat().map(Number);

/** Every TaskResult that the contract knows. */
const taskResult = fc.record(
  {
    id: fc.uuid(),
    type: fc.constantFrom(...taskTypes),
    status: fc.constantFrom(...taskStatuses),
    submittedAt: time,
    run: fc.nat(),
    params: json,
    async: fc.oneof(
      fc.record({ schedule: fc.record({ cron: fc.constant('0 3 * * *') }, { requiredKeys: ['cron'] }) }),
      fc.record({ schedule: fc.record({ blockHeight: fc.integer({ min: 1 }) }) }),
      fc.record({ daemon: fc.record({ restartPolicy: fc.constantFrom('OnFailure' as const, 'Never' as const) }) }),
    ),
    error: fc.string(),
    completedAt: time,
    nextRunAt: time,
    outcome: fc.constantFrom(...outcomes),
    output: json,
    progress: fc.record(
      {
        stage: fc.string({ maxLength: 64 }),
        done: count,
        unit: fc.string({ maxLength: 16 }),
        at: time,
        total: count,
        percent: fc.integer({ min: 0, max: 100 }),
        ratePerSecond: fc.double({ min: 0, max: 1e12, noNaN: true }).filter((rate) => !Object.is(rate, -0)),
        etaSeconds: count,
      },
      { requiredKeys: ['stage', 'done', 'unit', 'at'] },
    ),
    errorCode: fc.string({ maxLength: 64 }),
    retriable: fc.boolean(),
    cancelled: fc.boolean(),
  },
  { requiredKeys: ['id', 'type', 'status', 'submittedAt', 'run'] },
);

describe('TaskResult', () => {
  it('survives JSON and the schema unchanged', () => {
    fc.assert(
      fc.property(taskResult, (result) => {
        const travelled: unknown = JSON.parse(JSON.stringify(result));
        assert.deepEqual(taskResultSchema.parse(travelled), travelled);
      }),
      { numRuns: 300 },
    );
  });

  const least = {
    id: '6f0c2f5e-24e5-5c5f-9d3c-0d8f3c1b7a01',
    type: 'mark-ready',
    status: 'running',
    submittedAt: '2026-11-24T10:00:00.000Z',
    run: 1,
  };

  for (const [name, wrong] of [
    ['null for an absent member', { completedAt: null }],
    ['an id that is no UUID', { id: 'task-1' }],
    ['a status of its own', { status: 'paused' }],
    ['a time with an offset', { submittedAt: '2026-11-24T12:00:00+02:00' }],
    ['a time without zone', { submittedAt: '2026-11-24T12:00:00' }],
    ['a negative run', { run: -1 }],
    ['an unknown member', { taskType: 'mark-ready' }],
    ['more than 100 percent', { progress: { stage: 'x', done: 1, unit: 'x', at: least.submittedAt, percent: 101 } }],
  ] as const) {
    it(`refuses ${name}`, () => {
      assert.equal(taskResultSchema.safeParse(least).success, true);
      assert.equal(taskResultSchema.safeParse({ ...least, ...wrong }).success, false);
    });
  }
});

describe('a run record', () => {
  const record = { run: 1, status: 'missed', startedAt: '2026-11-24T10:00:00.000Z' };
  it('may be of a missed run', () => {
    assert.deepEqual(runRecordSchema.parse(record), record);
  });
  it('cuts no error itself', () => {
    assert.equal(runRecordSchema.safeParse({ ...record, error: 'x'.repeat(129) }).success, false);
  });
});
