import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DocumentTable } from '../document-value.ts';
import { problemWithEdit } from './verify-edit.ts';

describe('problemWithEdit', () => {
  const cases: readonly (readonly [
    what: string,
    result: string,
    intended: DocumentTable,
    problem: RegExp | undefined,
  ])[] = [
    ['what was intended', 'a = 1 # x\nf = 1.0\n', { f: 1, a: 1n }, undefined],
    ['no TOML', 'a = [1, 2, 3# two]\n', { a: [1n] }, /not be TOML.*x\.toml:/],
    ['another value', 'a = 2\n', { a: 1n }, /other values/],
    ['an integer for a float', 'a = 1\n', { a: 1 }, /other values/],
    ['a float for an integer', 'a = 1.0\n', { a: 1n }, /other values/],
    ['a rounded integer', 'a = 9007199254740992\n', { a: 9007199254740993n }, /other values/],
    ['a key too many', 'a = 1\nb = 1\n', { a: 1n }, /other values/],
    ['a key too few', '', { a: 1n }, /other values/],
    ['text for a number', 'a = "1"\n', { a: 1n }, /other values/],
    ['another order in a list', 'a = [2, 1]\n', { a: [1n, 2n] }, /other values/],
    ['TOML 1.1', 'b = 1\na = {b = 1,}\n', { b: 1n, a: { b: 1n } }, /x\.toml:2:12: not TOML 1\.0/],
    ['an escape of TOML 1.1', 'b = 1\na = "\\e"\n', { b: 1n, a: '\u001b' }, /line 2 .*TOML 1\.0 forbids/],
  ];
  for (const [what, result, intended, problem] of cases) {
    test(what, async () => {
      const found = await problemWithEdit(result, intended, 'x = 1\n', 'x.toml');
      if (problem === undefined) assert.equal(found, undefined);
      else assert.match(found ?? '', problem);
    });
  }

  test('an escape of TOML 1.1 that was there before, and that nodes take, is not held against an edit', async () => {
    const intended = { a: '\u001b', b: 2n };
    assert.equal(await problemWithEdit('a = "\\e"\nb = 2\n', intended, 'a = "\\e"\nb = 1\n', 'x.toml'), undefined);
  });
});
