import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { anything, assert as check, asyncProperty, string } from 'fast-check';
import { maxLine } from './log-line.ts';
import { createLogger, type LoggerOptions } from './logger.ts';

/** Since Node 26 a read() gives one chunk. */
const drain = (stream: PassThrough): string => {
  let text = '';
  for (;;) {
    const chunk = stream.read() as Buffer | null;
    if (chunk === null) return text;
    text += chunk.toString();
  }
};

const collect = (options: Partial<LoggerOptions> = {}) => {
  const stream: PassThrough & { isTTY?: boolean } = new PassThrough({ highWaterMark: 2 ** 26 });
  const logger = createLogger({
    level: 'debug',
    format: 'json',
    stream,
    now: () => new Date('2026-01-02T03:04:05.678Z'),
    ...options,
  });
  const text = async (): Promise<string> => {
    await logger.close();
    return drain(stream);
  };
  const lines = async (): Promise<Record<string, unknown>[]> =>
    (await text())
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { logger, lines, text, stream };
};

test('a line is one JSON object with time, level, message and fields', async () => {
  const { logger, lines } = collect({ fields: { component: 'agent' } });
  logger.info('started', { port: 7777 });
  assert.deepEqual(await lines(), [
    { timestamp: '2026-01-02T03:04:05.678Z', level: 'info', message: 'started', component: 'agent', port: 7777 },
  ]);
});

test('an error keeps name, message, code, stack and the chain of causes', async () => {
  const { logger, lines } = collect();
  const cause = Object.assign(new TypeError('inner'), { code: 'ECONNRESET' });
  logger.error('failed', { error: Object.assign(new Error('outer', { cause }), { code: 409 }) });
  const [line] = await lines();
  const error = line?.['error'] as Record<string, unknown> & { cause: Record<string, unknown> };
  assert.equal(error['name'], 'Error');
  assert.equal(error['message'], 'outer');
  assert.equal(error['code'], 409);
  assert.match(String(error['stack']), /logger\.test/);
  assert.equal(error.cause['message'], 'inner');
  assert.equal(error.cause['code'], 'ECONNRESET');
  assert.match(String(error.cause['stack']), /TypeError: inner/);
});

test('fields named like the line itself do not change it', async () => {
  const { logger, lines } = collect();
  logger.warn('the message', { message: 'field', level: 'field', timestamp: 'field', entry: 'field' });
  assert.deepEqual(await lines(), [
    {
      timestamp: '2026-01-02T03:04:05.678Z',
      level: 'warn',
      message: 'the message',
      message_: 'field',
      level_: 'field',
      timestamp_: 'field',
      entry: 'field',
    },
  ]);
});

test("a child's field wins over its parent's, and a line's over both", async () => {
  const { logger, lines } = collect({ fields: { part: 'root' } });
  const child = logger.child({ part: 'child', task: 1 });
  child.info('a');
  child.child({ task: 2 }).info('b', { part: 'line' });
  logger.info('c');
  const seen = (await lines()).map((line) => [line['part'], line['task']]);
  assert.deepEqual(seen, [
    ['child', 1],
    ['line', 2],
    ['root', undefined],
  ]);
});

test('levels below the chosen one are dropped', async () => {
  const { logger, lines } = collect({ level: 'warn' });
  logger.debug('no');
  logger.info('no');
  logger.warn('yes');
  logger.error('yes');
  assert.equal((await lines()).length, 2);
});

test('secrets are redacted by name and by form, names of things are not', async () => {
  const { logger, text } = collect();
  logger.info('got https://user:hunter2@host/x?X-Amz-Signature=deadbeef&a=1 with Bearer abcdef123456', {
    authorization: 'hunter2',
    headers: { Authorization: 'Basic hunter2', 'set-cookie': ['hunter2'] },
    accessKey: 'hunter2',
    secret_access_key: 'hunter2',
    apiToken: 'hunter2',
    dbPassword: 'hunter2',
    error: new Error('PUT https://s3/x?X-Amz-Credential=hunter2&X-Amz-Security-Token=hunter2'),
    key: 'sei/rpc-0',
  });
  const line = await text();
  assert.doesNotMatch(line, /hunter2|deadbeef|abcdef123456/);
  assert.match(line, /sei\/rpc-0/);
  assert.match(line, /a=1/);
});

test('any value makes one parsable, bounded line', async () => {
  const { logger, lines } = collect();
  const circular: Record<string, unknown> = { name: 'loop' };
  circular['self'] = circular;
  logger.info('values', {
    circular,
    big: 10n,
    nan: Number.NaN,
    date: new Date('2026-01-01T00:00:00Z'),
    bad: new Date(Number.NaN),
    map: new Map([['token', 'x']]),
    set: new Set([1]),
    bytes: new Uint8Array(5),
    getter: Object.defineProperty({}, 'x', { enumerable: true, get: () => assert.fail('no') }),
    huge: 'x'.repeat(1_000_000),
    many: Array.from({ length: 1000 }, () => 'y'.repeat(1000)),
  });
  const [line] = await lines();
  assert.equal(line?.['message'], 'values');
  assert.equal(typeof line['truncated'], 'number');
});

test('property: no field or message breaks a line or grows it without bound', async () => {
  await check(
    asyncProperty(string({ unit: 'binary', maxLength: 9000 }), anything(), async (message, field) => {
      const { logger, text } = collect();
      logger.info(message, { field });
      const line = await text();
      assert.equal(line.indexOf('\n'), line.length - 1);
      assert.ok(line.length <= maxLine + 1, String(line.length));
      // eslint-disable-next-line no-control-regex -- control characters are the point
      assert.doesNotMatch(line.slice(0, -1), /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
      JSON.parse(line);
    }),
    { numRuns: 60 },
  );
});

test('pretty lines are for terminals only, and cannot be painted by what they show', async () => {
  const pipe = collect({ format: 'pretty' });
  pipe.logger.info('x');
  assert.equal((await pipe.lines()).length, 1);

  const stream: PassThrough & { isTTY?: boolean } = new PassThrough();
  stream.isTTY = true;
  const { logger } = collect({ format: 'pretty', stream });
  logger.error('boom\u001b[2J', { task: 'a b', error: new Error('why') });
  await logger.close();
  const text = drain(stream);
  assert.match(text, /03:04:05\.678 .*ERROR.* boom\\u001b\[2J task="a b" error="why"/);
  assert.match(text, /\n {6}Error: why\n/);
});

test('close hands every line over before the process ends, on a pipe too', () => {
  const program = `
    const { createLogger } = await import(${JSON.stringify(new URL('./logger.ts', import.meta.url).href)});
    const logger = createLogger({ level: 'info', format: 'json' });
    for (let line = 0; line < 20000; line++) logger.info('line', { line });
    await logger.close();
    process.exit(0);`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--conditions=nodetask-source', '--input-type=module', '--eval', program],
    { encoding: 'utf8', maxBuffer: 2 ** 26, timeout: 30_000 },
  );
  assert.equal(stderr, '');
  assert.equal(stdout.trimEnd().split('\n').length, 20_000);
});
