import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  maxResultBytes,
  maxTargets,
  type RunRecord,
  runRecordSchema,
  statusResultSchema,
  type TaskResult,
} from '@nodetask/shared';
import {
  assert as check,
  constant,
  dictionary,
  integer,
  jsonValue,
  option,
  property,
  record,
  string,
} from 'fast-check';
import { fitResult, fitRow, fitRuns, leastResult, leastRuns } from './fit-result.ts';

const id = 'f3c1b7de-1111-4222-8333-444455556666';

const base: TaskResult = {
  id,
  type: 'config-patch',
  status: 'failed',
  submittedAt: '2026-01-01T00:00:00.000Z',
  completedAt: '2026-01-01T00:00:01.000Z',
  run: 1,
};

const full: TaskResult = {
  ...base,
  params: { secret: 'never on status' },
  error: 'e'.repeat(2000),
  errorCode: 'patch-invalid',
  retriable: false,
  output: { text: 'o'.repeat(3000) },
  progress: { stage: 's', done: 1, unit: 'bytes', at: '2026-01-01T00:00:00.000Z' },
};

test('what fits stays whole, without params, its error cut to 512', () => {
  const fitted = fitResult(full, 16_384);
  assert.deepEqual(fitted, { ...fitted, output: full.output, progress: full.progress });
  assert.equal(fitted.error?.length, 512);
  assert.equal('params' in fitted, false);
});

test('step by step: progress, output, error, then the least', () => {
  const sizes = [4100, 3800, 1200, 800, 400, 100];
  const kept = sizes.map((size) => {
    const { progress, output, error } = fitResult(full, size);
    return [progress !== undefined, output?.['text'] !== undefined, output !== undefined, error?.length ?? 0];
  });
  assert.deepEqual(kept, [
    [true, true, true, 512],
    [false, true, true, 512],
    [false, false, true, 512],
    [false, false, false, 512],
    [false, false, false, 128],
    [false, false, false, 0],
  ]);
  assert.match(
    String(fitResult(full, 1200).output?.['omitted']),
    new RegExp(`bytes; the whole is at GET /v0/tasks/${id}`),
  );
});

test('the least says id, type, status, run, code and times', () => {
  assert.deepEqual(leastResult(full), { ...base, errorCode: 'patch-invalid', retriable: false });
});

test('the least keeps the reason, and a message is cut before it is left out', () => {
  const skipped: TaskResult = {
    ...base,
    status: 'completed',
    outcome: 'skipped',
    reason: 'fewer-than-2-snapshots',
    message: 'm'.repeat(512),
  };
  assert.equal(fitResult(skipped, 2048).message?.length, 512);
  assert.equal(fitResult(skipped, 512).message?.length, 128);
  assert.equal(leastResult(skipped).reason, 'fewer-than-2-snapshots');
});

test('a daemon that has stalled tells since when and why, also where there is little room', () => {
  const lastError = { code: 'rpc-unreachable', message: 'm'.repeat(512) };
  const stalledSince = '2026-01-01T00:00:00.000Z';
  const stalled: TaskResult = {
    ...full,
    status: 'running',
    progress: { stage: 's', done: 1, total: 9, unit: 'bytes', at: stalledSince, stalledSince, lastError },
  };
  assert.deepEqual(fitResult(stalled, 16_384).progress, stalled.progress);
  const fitted = fitResult(stalled, 1200);
  statusResultSchema.parse(fitted);
  assert.equal(fitted.progress?.stalledSince, stalledSince);
  assert.deepEqual(fitted.progress.lastError, { code: 'rpc-unreachable', message: `${'m'.repeat(63)}…` });
});

test('texts lose what could paint a terminal or forge a line, and are cut between characters', () => {
  const fitted = fitResult(
    { ...base, error: `a\u001b[2Jb\nc\u202ed\ud800`, output: { 'k\u0007': ['\u0000x'] } },
    16_384,
  );
  assert.equal(fitted.error, 'a[2Jb cd\ufffd');
  assert.deepEqual(fitted.output, { k: ['x'] });
  const cut = fitResult({ ...base, error: 'x'.repeat(510) + '😀😀' }, 16_384).error ?? '';
  assert.equal(cut.isWellFormed(), true);
  assert.ok(cut.length <= 512);
});

test('runs are at most 10, their errors 128 characters', () => {
  const runs: RunRecord[] = Array.from({ length: 12 }, (_, index) => ({
    run: 12 - index,
    status: 'failed',
    startedAt: base.submittedAt,
    error: 'x'.repeat(500),
  }));
  const fitted = fitRuns(runs);
  assert.equal(fitted.length, 10);
  for (const run of fitted) runRecordSchema.parse(run);
  assert.equal(leastRuns(runs)[0]?.error, undefined);
});

test('property: always valid against the schema, never larger than asked for where that is possible', () => {
  const results = record(
    {
      error: string({ unit: 'binary', maxLength: 3000 }),
      output: dictionary(string({ unit: 'binary' }), jsonValue()),
      errorCode: constant('timed-out'),
      progress: record({
        stage: constant('x'),
        done: integer({ min: 0 }),
        unit: constant('b'),
        at: constant(base.submittedAt),
      }),
    },
    { requiredKeys: [] },
  );
  check(
    property(results, option(integer({ min: 512, max: 20_000 })), (members, most) => {
      const limit = most ?? 512;
      const fitted = fitResult({ ...base, ...members }, limit);
      statusResultSchema.parse(fitted);
      assert.ok(Buffer.byteLength(JSON.stringify(fitted)) <= limit);
      assert.deepEqual([fitted.id, fitted.status, fitted.run], [base.id, base.status, base.run]);
    }),
  );
});

const failedRuns = (count: number, error = 'x'.repeat(128)): RunRecord[] =>
  Array.from({ length: count }, (_, index) => ({
    run: count - index,
    status: 'failed',
    startedAt: base.submittedAt,
    completedAt: base.submittedAt,
    error,
  }));

const rowBytes = ({ result, runs }: ReturnType<typeof fitRow>): number =>
  Buffer.byteLength(JSON.stringify(result)) + Buffer.byteLength(JSON.stringify(runs));

test('result and runs share the bound: the oldest runs go, then parts of the result, the newest two runs stay', () => {
  const result: TaskResult = { ...base, output: { text: 'o'.repeat(800) } };
  const roomy = fitRow(result, failedRuns(10), 16_384);
  assert.deepEqual([roomy.runs.length, roomy.result.output], [10, result.output]);

  const tight = fitRow(result, failedRuns(10), 2048);
  assert.equal(tight.result.output?.['text'], 'o'.repeat(800));
  assert.deepEqual(
    tight.runs.map(({ run }) => run),
    [10, 9, 8, 7],
  );
  assert.ok(rowBytes(tight) <= 2048);

  const tighter = fitRow(result, failedRuns(10), 1024);
  assert.notEqual(tighter.result.output?.['text'], result.output?.['text']);
  assert.deepEqual(
    tighter.runs.map(({ run }) => run),
    [10, 9],
  );
});

/** A run of a schedule with all that it may say, in characters of three bytes. */
const largestRuns: readonly RunRecord[] = Array.from({ length: 10 }, (_, index) => {
  const largest = Number.MAX_SAFE_INTEGER;
  return {
    run: 1_000_000_010 - index,
    status: 'completed',
    startedAt: base.submittedAt,
    completedAt: base.submittedAt,
    outcome: 'unchanged',
    reason: 'r'.repeat(64),
    message: '\u6f22'.repeat(128),
    numbers: { height: largest, bytes: largest, blocks: largest, peers: largest, changes: largest },
  };
});

const largestResult: TaskResult = {
  ...full,
  reason: 'r'.repeat(64),
  message: '\u6f22'.repeat(512),
  warnings: Array.from({ length: 8 }, () => '\u6f22'.repeat(256)),
};

test('runs at their largest stay whole on a target of few, as many as fit, and the newest two on one of many, if need be without words', () => {
  const few = fitRow(largestResult, largestRuns, maxResultBytes(1));
  assert.deepEqual(few.runs, largestRuns.slice(0, few.runs.length));
  assert.ok(few.runs.length >= 2);
  assert.equal(few.result.message, largestResult.message);
  assert.deepEqual(fitRow({ ...base, message: 'm' }, largestRuns, maxResultBytes(1)).runs, largestRuns, 'all ten');
  const many = fitRow(largestResult, largestRuns, maxResultBytes(maxTargets));
  assert.deepEqual(many.runs, largestRuns.slice(0, 2));
  // A bound below which the words of two runs have no room.
  const least = fitRow(largestResult, largestRuns, 1536);
  assert.deepEqual(
    least.runs,
    largestRuns.slice(0, 2).map(({ message: _message, ...run }) => run),
  );
  assert.ok(rowBytes(least) <= 1536);
  for (const row of [few, many, least]) {
    statusResultSchema.parse(row.result);
    for (const run of row.runs) runRecordSchema.parse(run);
  }
  assert.ok(rowBytes(few) <= maxResultBytes(1) && rowBytes(many) <= maxResultBytes(maxTargets));
});

test('property: a row never takes more than the bound, from the least bound that a request may name', () => {
  const most = integer({ min: 512, max: 20_000 });
  check(
    property(most, integer({ min: 0, max: 10 }), string({ unit: 'binary', maxLength: 128 }), (limit, count, error) => {
      const row = fitRow(full, failedRuns(count, error), limit);
      statusResultSchema.parse(row.result);
      for (const run of row.runs) runRecordSchema.parse(run);
      assert.ok(rowBytes(row) <= limit, `${String(rowBytes(row))} bytes, at most ${String(limit)}`);
      if (count > 0) assert.equal(row.runs[0]?.run, count, 'the newest run is always there');
    }),
  );
});
