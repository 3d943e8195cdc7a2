import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseKeyPath } from './key-path.ts';

describe('parseKeyPath', () => {
  for (const [text, path] of [
    ['moniker', ['moniker']],
    ['p2p.persistent-peers', ['p2p', 'persistent-peers']],
    ['"a.b".c', ['a.b', 'c']],
    ['\'a.b\'."c\\"d"', ['a.b', 'c"d']],
    [' p2p . seeds ', ['p2p', 'seeds']],
    ['"".x', ['', 'x']],
    ['app_state.bank/denom', ['app_state', 'bank/denom']],
  ] as const) {
    test(text, () => assert.deepEqual(parseKeyPath(text), path));
  }
  for (const text of ['', '.', 'a.', '.a', 'a..b', '"a', "'a", 'a"b"', 'a b', '"\\q"']) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseKeyPath(text), { code: 'patch-invalid', message: /not a dotted key/ });
    });
  }
});
