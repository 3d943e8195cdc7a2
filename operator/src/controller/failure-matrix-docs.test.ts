import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const page = new URL('../../../docs/failure-matrix.md', import.meta.url);
const text = readFileSync(page, 'utf8');

/** Tables of the page, by the title of their section; a row is its cells. */
const tables = new Map(
  text
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const rows = section
        .split('\n')
        .filter((line) => line.startsWith('| '))
        .slice(2)
        .map((line) => line.split('|').map((cell) => cell.trim()))
        .map(([, states = '', , , tests = '']) => ({ states: states.split(', '), tests }));
      return [section.slice(0, section.indexOf('\n')), rows] as const;
    })
    .filter(([, rows]) => rows.length > 0),
);

const states = [...text.matchAll(/^- \*\*(.+)\*\*:/gm)].map(([, state = '']) => state);

/** Links to tests: the name of a test, or of a group of tests, and its file. */
const links = [...text.matchAll(/\[([^\]]+)\]\((\.\.[^)]+\.test\.ts)\)/g)].map(([, name = '', file = '']) => ({
  name,
  file,
}));

test('each state of a task has its row for each event, and a test', () => {
  assert.equal(states.length, 11);
  assert.ok(tables.size >= 11, `${tables.size} tables`);
  for (const [event, rows] of tables) {
    assert.deepEqual(rows.flatMap((row) => row.states).toSorted(), states.toSorted(), event);
    for (const row of rows) assert.match(row.tests, /\.test\.ts\)/, `${event}: ${row.states.join()}`);
  }
});

test('each test that the page names exists', () => {
  assert.ok(links.length > 0);
  for (const { name, file } of links) {
    const source = readFileSync(new URL(file, page), 'utf8');
    const quoted = [`'${name}'`, `"${name}"`, `\`${name}\``];
    const calls = ['test(', 'it(', 'describe('].flatMap((call) => [call, `${call}\n  `]);
    assert.ok(
      quoted.some((title) => calls.some((call) => source.includes(`${call}${title}`))),
      `${file} has no test "${name}"`,
    );
  }
});
