import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import type { ErrorCodeEntry } from '../error-code-entry.ts';
import { type ErrorCode, errorCodes } from '../error-codes.ts';
import { outcomeReasons } from '../outcome-reasons.ts';
import { taskParams } from '../params/registry.ts';
import { taskTypes } from '../task-type.ts';

const committed = async (name: string): Promise<string> =>
  readFile(new URL(`../../../docs/reference/${name}`, import.meta.url), 'utf8');

/** The cells of every table row of a page that begins with a code span. */
const rows = (page: string): readonly (readonly string[])[] =>
  page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((text) =>
          text
            .trim()
            .replaceAll('&lt;', '<')
            .replaceAll(String.raw`\|`, '|'),
        ),
    );

describe('docs/reference', () => {
  it('errors.md is the registry of error codes, both ways', async () => {
    const [codes = '', reasons = ''] = (await committed('errors.md')).split(
      '## Runs that completed and changed nothing',
    );
    assert.deepEqual(
      rows(reasons).map(([name = '']) => name.slice(1, -1)),
      Object.keys(outcomeReasons),
    );
    const documented = rows(codes).map((cells): [string, ErrorCodeEntry] => {
      const [name = '', ...rest] = cells;
      const [retriable, meaning = '', action = ''] = rest.slice(-3);
      const entry = { retriable: retriable === 'yes', meaning, action };
      return [name.slice(1, -1), rest.length === 4 ? { status: Number(rest[0]), ...entry } : entry];
    });
    const outdated = 'run "npm run generate"';
    assert.deepEqual(documented.map(([name]) => name).toSorted(), Object.keys(errorCodes).toSorted(), outdated);
    for (const [name, entry] of documented) {
      assert.deepEqual(entry, errorCodes[name as ErrorCode], `${name}: ${outdated}`);
    }
  });

  for (const type of taskTypes) {
    it(`tasks.md has each param of ${type}`, async () => {
      const section = new RegExp(`^## ${type}$(.*?)(?=^## |$(?![\\s\\S]))`, 'ms').exec(
        await committed('tasks.md'),
      )?.[1];
      assert.ok(section, `no section ${type}`);
      const documented = rows(section).map(([field = '']) => field.slice(1, -1));
      const outermost = documented.filter((field) => !field.includes('.') && !field.includes('['));
      assert.deepEqual(outermost, Object.keys(taskParams[type].object.shape));
      assert.match(section, /\*\*Output:\*\* ./);
    });
  }
});
