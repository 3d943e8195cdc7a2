import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ErrorCode, errorCodes, failureTextOf, TaskError, type TaskResult } from '@nodetask/shared';
import { decide } from '../decide.ts';
import { gathered, result, row, runningStatus } from '../testing/fixtures.ts';

/** The texts of all failures as people read them: an agent joins cause and remedy, this operator puts code and target in front. */

/** Causes as they come: with the words of a server, with advice of their own, and with a question. */
const causes = {
  'of a server': new TaskError(
    'internal',
    'cannot read s3://a/b at http://c:1: NoSuchBucket (HTTP 404): It does not exist.',
  ),
  'with its own remedy': new TaskError('internal', 'config.toml has no chain_id; nothing was changed: write it anew'),
  'with the remedy beside it': new TaskError('internal', 'EC2 says: Check your bill..', { remedy: 'set the clock' }),
  'with a question': new TaskError('internal', 'there is no key mxa_peers; did you mean max_peers?'),
} as const;

const decisionOn = (changes: Partial<TaskResult>) =>
  decide(gathered({ status: runningStatus([row('sei-0', { result: result(changes) })]), seconds: 1 }));

const readyOf = (changes: Partial<TaskResult>): string =>
  decisionOn(changes).status?.conditions?.find(({ type }) => type === 'Ready')?.message ?? '';

const eventOf = (changes: Partial<TaskResult>): string => decisionOn(changes).events.at(-1)?.note ?? '';

const codes = Object.keys(errorCodes) as readonly ErrorCode[];
const sentence = /[.?] (?=[A-Z])/;

describe('a failure reaches Ready with its code first, one colon before its remedy, and one remedy', () => {
  for (const code of codes) {
    test(code, () => {
      const { action } = errorCodes[code];
      for (const [what, { parts }] of Object.entries(causes)) {
        const error = failureTextOf(code, parts);
        const text = readyOf({ status: 'failed', errorCode: code, error, retriable: false });
        const [cause = '', ...remedy] = text.split(sentence);
        assert.ok(text.startsWith(`${code} on sei-0: `), text);
        assert.equal(cause.split(/:\s/).length, 2, `${what}: ${text}`);
        assert.doesNotMatch(text, /\.[:.;,]| {2}|[:;,]$|: :/, what);
        assert.ok(text.length <= 400, `${what}: ${text.length} characters`);
        const said = remedy.join('. ');
        const expected = parts.remedy === undefined ? action.replace(/\.$/, '') : parts.remedy;
        assert.equal(said.toLowerCase(), expected.toLowerCase().replaceAll('? ', '. '), what);
      }
    });
  }
});

test('the event of a failure has the text of Ready, and how the task is run again', () => {
  const error = failureTextOf('bucket-missing', causes['of a server'].parts);
  const failure = { status: 'failed', errorCode: 'bucket-missing', error } as const;
  assert.equal(eventOf(failure), `${readyOf(failure)}. To run it again, change spec.runID.`);
});
