import type { ErrorCodeEntry } from '../error-code-entry.ts';
import { errorCodes } from '../error-codes.ts';
import { type OutcomeReason, outcomeReasons } from '../outcome-reasons.ts';
import { cell, code, page, table } from './markdown.ts';

/** docs/reference/errors.md */
export const errorsPage = (): string => {
  const entries: readonly (readonly [string, ErrorCodeEntry])[] = Object.entries(errorCodes);
  return page(
    '# Error codes',
    'A code names one situation and never changes its meaning. `retriable` says whether the same request or task may succeed when it is simply tried again; a task may know better in a single case and then says so in its result.',
    "## Answers of the agent's HTTP API, and of the operator's HTTPS server",
    'The body is `{error, code, retriable, details?}`.',
    codeTable(entries.filter(([, { status }]) => status !== undefined)),
    '## Failed tasks',
    'In `errorCode` of a `TaskResult`, next to `error` and `retriable`.',
    codeTable(entries.filter(([, { status }]) => status === undefined)),
    '## Runs that completed and changed nothing',
    'In `reason` of a `TaskResult` and of each run, next to `outcome`; `message` says it in words, with numbers. `unchanged`: there was nothing to do. `skipped`: there was, and it could not be done, or was not to be done. Both count as successes; `maxAgeSeconds` of `snapshot-upload` and `result-export` makes a failure of them.',
    reasonTable(),
  );
};

const reasonTable = (): string => {
  const reasons: readonly (readonly [string, OutcomeReason])[] = Object.entries(outcomeReasons);
  return table(
    ['Reason', 'Outcome', 'Meaning', 'What to do'],
    reasons.map(([name, { outcome, meaning, action }]) => [
      code(name),
      code(outcome),
      cell(meaning),
      cell(action === '' ? 'Nothing.' : action),
    ]),
  );
};

const codeTable = (entries: readonly (readonly [string, ErrorCodeEntry])[]): string =>
  table(
    [
      'Code',
      ...(entries.some(([, { status }]) => status !== undefined) ? ['HTTP'] : []),
      'Retriable',
      'Meaning',
      'What to do',
    ],
    entries.map(([name, { status, retriable, meaning, action }]) => [
      code(name),
      ...(status === undefined ? [] : [String(status)]),
      retriable ? 'yes' : 'no',
      cell(meaning),
      cell(action),
    ]),
  );
