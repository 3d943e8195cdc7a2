import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { s3ErrorCodes } from '../../agent/src/objectstore/s3-error-codes.ts';
import { eventReasons } from '../../operator/src/controller/event-reasons.ts';
import { reasons } from '../../operator/src/controller/reasons.ts';
import { taskFailures } from '../../shared/src/docs/task-failures.ts';
import { errorCodes } from '../../shared/src/error-codes.ts';
import { taskTypes } from '../../shared/src/task-type.ts';
import { root } from '../steps.ts';

const read = (...path: readonly string[]): string => readFileSync(join(root, 'docs', ...path), 'utf8');

/** Rows of the tables in a text, as cells. */
const rowsOf = (text: string): readonly (readonly string[])[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

const between = (text: string, name: string): string =>
  new RegExp(`<!-- ${name} -->([\\s\\S]*?)<!-- /${name} -->`).exec(text)?.[1] ?? '';

const page = read('troubleshooting.md');

for (const [name, registry] of Object.entries({ reasons, events: eventReasons, codes: errorCodes })) {
  test(`docs/troubleshooting.md has each of the ${name} once, and what to do about it`, () => {
    const rows = rowsOf(between(page, name));
    const names = rows.map(([first = '']) => first.slice(1, -1));
    assert.deepEqual(names.toSorted(), Object.keys(registry).toSorted(), 'run "npm run generate"');
    for (const cells of rows)
      assert.ok(
        cells.slice(1, 3).every((cell) => cell !== ''),
        cells.join(' | '),
      );
  });
}

test('docs/troubleshooting.md says of each code of S3 that the agent knows what it comes to', () => {
  const known = rowsOf(between(page, 's3')).flatMap(([names = '', ours = '']) =>
    names.split(', ').map((name) => `${name.slice(1, -1)} ${ours.slice(1, -1)}`),
  );
  const expected = [...s3ErrorCodes].map(([name, { code }]) => `${name} ${code}`);
  assert.deepEqual(known.toSorted(), expected.toSorted(), 'run "npm run generate"');
});

for (const type of taskTypes) {
  test(`docs/tasks/${type}.md says what to do about each code that the task may fail with`, () => {
    const [, section = ''] = read('tasks', `${type}.md`).split(/^## What may go wrong$/m);
    const rows = rowsOf(section);
    const codes = rows.flatMap(([first = '']) => first.split(', ').map((code) => code.slice(1, -1)));
    assert.deepEqual(codes.toSorted(), [...taskFailures[type]].toSorted());
    for (const cells of rows) assert.ok(cells.length === 3 && cells.every((cell) => cell !== ''), cells.join(' | '));
  });
}
