import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { exists, namedTests } from '../testing/named-tests.ts';

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

test('each state of a task has its row for each event, and a test', () => {
  assert.equal(states.length, 11);
  assert.ok(tables.size >= 11, `${tables.size} tables`);
  for (const [event, rows] of tables) {
    assert.deepEqual(rows.flatMap((row) => row.states).toSorted(), states.toSorted(), event);
    for (const row of rows) assert.match(row.tests, /\.test\.ts\)/, `${event}: ${row.states.join()}`);
  }
});

test('each test that the page names exists', () => {
  const links = namedTests(text);
  assert.ok(links.length > 0);
  for (const link of links) assert.ok(exists(link, page), `${link.file} has no test "${link.name}"`);
});
