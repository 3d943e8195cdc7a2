import type { ErrorCodeEntry } from '../error-code-entry.ts';
import { errorCodes } from '../error-codes.ts';
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
