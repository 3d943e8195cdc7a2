import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judge } from '../../../test/support/judges.ts';
import { parseToml } from './parse-toml.ts';

/** Texts that parsers disagree about, and if a node takes them. */
const texts: readonly (readonly [text: string, taken: boolean])[] = [
  ['x = 1\r\ny = 2\r\n', true],
  ['\uFEFFx = 1', false],
  ['x = 1\n\uFEFFy = 2', false],
  ['x = {a = 1,\n b = 2}', false],
  ['x = {a = 1,}', false],
  ['x = [{a = 1,\n}]', false],
  ['x = {a = 1 # c\n}', false],
  ['x = [1, 2,]', true],
  ['x = "\\e"', true],
  ['x = "\\x41"', false],
  ['"a\\x41" = 1', false],
  ['x = 12:30', false],
  ['x = 2020-01-01T12:30Z', false],
  ['x = 2020-01-01 12:30', false],
  ['x = 12:30:00', true],
  ['x = 9223372036854775807', true],
  ['x = 9223372036854775808', false],
  ['x = -9223372036854775808', true],
  ['x = -9_223_372_036_854_775_809', false],
  ['x = [1, 0xFFFFFFFFFFFFFFFF]', false],
  ['x = 0x7FFFFFFFFFFFFFFF', true],
  ['x = 1e308', true],
  ['x = 1e999', false],
  ['x = inf', true],
  ['x = 2021-02-30', false],
  ['x = 2020-02-29T00:00:00Z', true],
  ['x = 1900-02-29', false],
  ['x = 2021-04-31', false],
  ['x = "a\u0000"', false],
  ['# a\u0001b\nx = 1', false],
  ['x = 1\ry = 2', false],
  ['x = 1\nx = 2', false],
  ['[a]\n[a]', false],
  ['x = 01', false],
  ['x = True', false],
];

describe('parseToml and the parsers of nodes', () => {
  for (const [text, taken] of texts) {
    test(`${JSON.stringify(text)} is ${taken ? 'taken' : 'refused by line and column'}`, async () => {
      if (taken) await parseToml(text, 'config.toml');
      else await assert.rejects(parseToml(text, 'config.toml'), { code: 'file-invalid', message: /toml:\d+:\d+: / });
    });
  }

  test('each version of CometBFT takes and refuses the same', async () => {
    for (const [version, verdicts] of await judge(
      'config',
      texts.map(([text]) => text),
    )) {
      for (const [index, [text, taken]] of texts.entries())
        assert.equal(verdicts[index] === 'ok', taken, `${version}: ${JSON.stringify(text)}: ${verdicts[index]}`);
    }
  });
});
