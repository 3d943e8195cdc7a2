import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { JsonObject } from '@nodetask/shared';
import { jsonBytes } from './canonical-json.ts';
import { fitOutput } from './fit-output.ts';

describe('fitOutput', () => {
  it('leaves alone what fits', () => {
    const output = { height: 7, list: ['a'] };
    assert.equal(fitOutput(output, 1000), output);
  });

  it('keeps small members whole, lets the large ones share the rest, and keeps the order', () => {
    const output = {
      diff: 'd'.repeat(5000),
      height: 198_030_000,
      peers: Array.from({ length: 500 }, (_, n) => `peer-${n}`),
    };
    const cut = fitOutput(output, 1000);
    assert.ok(jsonBytes(cut) <= 1000);
    assert.deepEqual(Object.keys(cut), ['diff', 'height', 'peers', 'truncated']);
    assert.equal(cut['height'], 198_030_000);
    assert.equal(cut['truncated'], true);
    assert.match(JSON.stringify(cut['diff']), /^"d{300,}…"$/u);
    const peers = cut['peers'];
    assert.ok(Array.isArray(peers) && peers.length > 30 && peers[0] === 'peer-0');
  });

  it('cuts no character in two', () => {
    const cut = fitOutput({ text: '😀'.repeat(200) }, 200);
    assert.equal(JSON.stringify(cut).includes('\\ud'), false);
    assert.match(JSON.stringify(cut['text']), /^"😀+…"$/u);
  });

  it('fits anything, whatever its shape', () => {
    const json = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 30 });
    fc.assert(
      fc.property(json, fc.integer({ min: 60, max: 2000 }), (value, maxBytes) => {
        const output = JSON.parse(JSON.stringify(value)) as JsonObject;
        const cut = fitOutput(output, maxBytes);
        assert.ok(jsonBytes(cut) <= maxBytes);
        assert.equal(cut === output, jsonBytes(output) <= maxBytes);
      }),
      { numRuns: 500 },
    );
  });
});
