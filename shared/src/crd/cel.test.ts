import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { celList, celName, celString } from './cel.ts';

describe('CEL', () => {
  for (const [name, escaped] of [
    ['chainId', 'chainId'],
    ['config.toml', 'config__dot__toml'],
    ['a-b/c', 'a__dash__b__slash__c'],
    ['a__b', 'a__underscores__b'],
    ['namespace', '__namespace__'],
  ] as const) {
    it(`spells ${name} as ${escaped}`, () => {
      assert.equal(celName(name), escaped);
    });
  }

  it('quotes text', () => {
    assert.equal(celString(String.raw`it's a \ `), String.raw`'it\'s a \\ '`);
    assert.equal(celList(['a', 'b']), "['a', 'b']");
  });
});
