import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { exists, namedTests } from './testing/named-tests.ts';

const page = new URL('../../docs/security.md', import.meta.url);
const text = readFileSync(page, 'utf8');

/** The tables of threats, by their letter of STRIDE. */
const tables = new Map(
  text
    .slice(text.indexOf('## Threats'))
    .split(/^### /m)
    .slice(1)
    .map((section) => [
      section.slice(0, section.indexOf(':')),
      section
        .split('\n')
        .filter((line) => line.startsWith('| '))
        .slice(2),
    ]),
);

test('each kind of threat has its table, and each threat a test', () => {
  assert.deepEqual(
    [...tables.keys()],
    ['Spoofing', 'Tampering', 'Repudiation', 'Information disclosure', 'Denial of service', 'Elevation of privilege'],
  );
  for (const [kind, rows] of tables) {
    assert.ok(rows.length >= 3, kind);
    for (const row of rows) assert.notEqual(namedTests(row).length, 0, `${kind}: ${row.split('|')[1]?.trim()}`);
  }
});

test('each test that the page names exists', () => {
  for (const link of namedTests(text)) assert.ok(exists(link, page), `${link.file} has no test "${link.name}"`);
});
