import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { faultsOf } from './check-regexes.ts';
import { findRegexes } from './find-regexes.ts';

const check = (source: string): Promise<readonly string[]> => faultsOf(findRegexes('agent/src/example.ts', source));

describe('the check of regular expressions', () => {
  test('names an exponential one with its place, a text that takes that time, and what to do', async () => {
    const faults = await check('const a = 1;\nexport const pattern = /^(?:\\d+\\.?\\d*s)+$/;\n');
    assert.equal(faults.length, 1);
    assert.match(
      faults[0] ?? '',
      /^agent\/src\/example\.ts:2: .* takes exponential time, for instance on '.*\. Write it so/,
    );
    assert.ok((faults[0] ?? '').length < 800);
  });

  test('names a quadratic one', async () => {
    const [fault = '', ...others] = await check('export const trim = (text: string) => text.replace(/\\/+$/, "");');
    assert.match(fault, /^agent\/src\/example\.ts:1: \/\\\/\+\$\/ takes 2nd degree polynomial time/);
    assert.deepEqual(others, []);
  });

  test('names one that refers to its own groups, which is searched at random', async () => {
    const [fault = ''] = await check('const code = /^(```+|~~~+)[\\s\\S]*?^\\1[ \\t]*$/gm;');
    assert.match(fault, /degree polynomial \(fuzz\) time/);
  });

  test('has nothing against linear ones', async () => {
    assert.deepEqual(await check('export const [a, b] = [/^[a-z]+$/, /^(?:a|b)*c/u];'), []);
  });

  test('finds what RegExp() and the methods of strings make of a string', async () => {
    const faults = await check(
      ["new RegExp('/+$');", 'RegExp(`a+$`, "g");', "text.search('b+$');", 'text.match(/c+$/);'].join('\n'),
    );
    assert.deepEqual(
      faults.map((fault) => fault.split(' ').slice(0, 2).join(' ')),
      [
        'agent/src/example.ts:1: //+$/',
        'agent/src/example.ts:2: /a+$/g',
        'agent/src/example.ts:3: /b+$/',
        'agent/src/example.ts:4: /c+$/',
      ],
    );
  });

  test('refuses one that is built at run time, unless its bound is beside it', async () => {
    const [fault = ''] = await check('new RegExp(`^${name}+$`);');
    assert.match(fault, /^agent\/src\/example\.ts:1: .* cannot be checked/);
    assert.deepEqual(await check('// bounded: at most 64 characters, cut in readName\nnew RegExp(`^${name}+$`);'), []);
  });

  test('takes a bound beside a slow one, and only if it says a number', async () => {
    assert.deepEqual(await check('const end = /0+$/; // bounded: at most 9 digits'), []);
    assert.equal((await check('// bounded: short\nconst end = /0+$/;')).length, 1);
    assert.equal((await check('// bounded: at most 9 digits\n\nconst end = /0+$/;')).length, 1);
  });

  test('wants a bound that nothing needs to go', async () => {
    const [fault = ''] = await check('// bounded: at most 9 digits\nconst digits = /^\\d+$/;');
    assert.match(fault, /takes linear time: take its comment "bounded: …" away/);
  });

  test('says which file does not parse', async () => {
    await assert.rejects(async () => check('const = ;'), /agent\/src\/example\.ts does not parse/);
  });
});
