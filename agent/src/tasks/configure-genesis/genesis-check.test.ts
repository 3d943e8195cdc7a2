import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judge } from '../../../test/support/judges.ts';
import { GenesisCheck } from './genesis-check.ts';

const genesis = (changed: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({
    genesis_time: '2026-01-31T12:00:00Z',
    chain_id: 'a-1',
    initial_height: '1',
    app_state: {},
    ...changed,
  });

const documents: readonly (readonly [text: string, taken: boolean])[] = [
  [genesis({}), true],
  [`\uFEFF${genesis({})}`, false],
  [genesis({ initial_height: '0' }), true],
  [genesis({ initial_height: '-1' }), false],
  [genesis({ initial_height: 'one' }), false],
  [genesis({ initial_height: '' }), false],
  [genesis({ initial_height: '9223372036854775807' }), true],
  [genesis({ initial_height: '9223372036854775808' }), false],
  [genesis({ genesis_time: '2026-01-31T12:00:00.123456789Z' }), true],
  [genesis({ genesis_time: '2026-01-31T12:00:00' }), false],
  [genesis({ genesis_time: '2026-01-31 12:00:00Z' }), false],
  [genesis({ genesis_time: '2026-02-30T12:00:00Z' }), false],
  [genesis({ genesis_time: '2026-01-31T24:00:00Z' }), false],
  [genesis({ genesis_time: '12026-01-31T12:00:00Z' }), false],
  [genesis({ chain_id: '' }), false],
  [genesis({ chain_id: 'a'.repeat(50) }), true],
  [genesis({ chain_id: 'a'.repeat(51) }), false],
];

const isTaken = (text: string): boolean => {
  const check = new GenesisCheck('the document');
  try {
    check.write(Buffer.from(text));
    check.end();
    return true;
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'genesis-invalid', String(error));
    return false;
  }
};

describe('a genesis document, here and in CometBFT', () => {
  for (const [text, taken] of documents) {
    test(`${JSON.stringify(text.slice(0, 110))} is ${taken ? 'taken' : 'refused'}`, () => {
      assert.equal(isTaken(text), taken);
    });
  }

  test('each version of CometBFT says the same', async () => {
    const verdicts = await judge(
      'genesis',
      documents.map(([text]) => text),
    );
    for (const [version, lines] of verdicts) {
      for (const [index, [text, taken]] of documents.entries())
        assert.equal(lines[index] === 'ok', taken, `${version}: ${text}: ${lines[index]}`);
    }
  });
});
