import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseToml } from '../../node/toml/parse-toml.ts';
import { historyLosses } from './history-loss.ts';

const custom = (recent: number, every = 0, interval = 10): string =>
  `pruning = "custom"\npruning-keep-recent = "${recent}"\npruning-keep-every = "${every}"\npruning-interval = "${interval}"\n`;

const lostBetween = async (before: string, after: string): Promise<readonly string[]> => {
  const [old, now] = await Promise.all([parseToml(before, 'app.toml'), parseToml(after, 'app.toml')]);
  return historyLosses(old, now).map(({ key }) => key);
};

const rows: readonly (readonly [what: string, before: string, after: string, lost: readonly string[]])[] = [
  ['nothing to default', 'pruning = "nothing"', 'pruning = "default"', ['pruning']],
  ['nothing to everything', 'pruning = "nothing"', 'pruning = "everything"', ['pruning']],
  ['default to everything', 'pruning = "default"', 'pruning = "everything"', ['pruning']],
  ['a missing pruning, which is the default, to everything', '', 'pruning = "everything"', ['pruning']],
  ['a pruning of nothing that is removed', 'pruning = "nothing"', '', ['pruning']],
  ['a strategy in capitals', 'pruning = "Nothing"', 'pruning = "EVERYTHING"', ['pruning']],
  ['a key in capitals', 'Pruning = "nothing"', 'Pruning = "everything"', ['Pruning']],
  ['everything to default', 'pruning = "everything"', 'pruning = "default"', []],
  ['everything to nothing', 'pruning = "everything"', 'pruning = "nothing"', []],
  ['a strategy that does not exist, with which the node does not start', 'pruning = "nothing"', 'pruning = "some"', []],
  [
    'a strategy that does not exist, after which anything may be there',
    'pruning = "some"',
    'pruning = "everything"',
    ['pruning'],
  ],
  ['fewer recent states', custom(500), custom(499), ['pruning-keep-recent']],
  ['more recent states', custom(500), custom(501), []],
  [
    'fewer recent states than the default',
    'pruning = "default"',
    custom(362_879),
    ['pruning', 'pruning-keep-recent', 'pruning-keep-every', 'pruning-interval'],
  ],
  ['as many recent states as the default', 'pruning = "default"', custom(362_880), []],
  ['states of the past that are not kept any more', custom(500, 100), custom(500, 0), ['pruning-keep-every']],
  ['fewer states of the past', custom(500, 100), custom(500, 200), ['pruning-keep-every']],
  ['more states of the past', custom(500, 100), custom(500, 50), []],
  [
    'states of the past that a new strategy does not keep',
    custom(500, 100),
    'pruning = "default"',
    ['pruning', 'pruning-keep-recent', 'pruning-keep-every', 'pruning-interval'],
  ],
  [
    'an interval of 0, which never prunes, to one that does',
    custom(500, 0, 0),
    custom(500, 0, 10),
    ['pruning-interval'],
  ],
  [
    'numbers without quotes',
    'pruning = "custom"\npruning-keep-recent = 9\npruning-interval = 10',
    'pruning = "custom"\npruning-keep-recent = 8\npruning-interval = 10',
    ['pruning-keep-recent'],
  ],
  [
    'recent states that do not count, as nothing is pruned',
    'pruning = "nothing"\npruning-keep-recent = "9"',
    'pruning = "nothing"\npruning-keep-recent = "1"',
    [],
  ],
  ['another interval alone', custom(500, 0, 10), custom(500, 0, 100), []],
  ['blocks, of which all were kept', 'min-retain-blocks = 0', 'min-retain-blocks = 100', ['min-retain-blocks']],
  ['blocks, of which all were kept as the key was missing', '', 'min-retain-blocks = 100', ['min-retain-blocks']],
  ['fewer blocks', 'min-retain-blocks = 100', 'min-retain-blocks = "99"', ['min-retain-blocks']],
  ['more blocks', 'min-retain-blocks = 100', 'min-retain-blocks = 101', []],
  ['all blocks', 'min-retain-blocks = 100', 'min-retain-blocks = 0', []],
  [
    'fewer versions of the state store',
    '[state-store]\nss-keep-recent = 0',
    '[state-store]\nss-keep-recent = 9',
    ['state-store.ss-keep-recent'],
  ],
  ['all versions of the state store', '[state-store]\nss-keep-recent = 9', '[state-store]\nss-keep-recent = 0', []],
  [
    'fewer snapshots of memIAVL',
    '[state-commit]\nsc-keep-recent = 2',
    '[state-commit]\nsc-keep-recent = 1',
    ['state-commit.sc-keep-recent'],
  ],
  ['more snapshots of memIAVL', '[state-commit]\nsc-keep-recent = 0', '[state-commit]\nsc-keep-recent = 1', []],
  ['other keys', 'halt-height = 1', 'halt-height = 2', []],
];

describe('a change of app.toml loses history', () => {
  for (const [what, before, after, lost] of rows) {
    test(`${lost.length === 0 ? 'not with' : 'with'} ${what}`, async () => {
      assert.deepEqual(await lostBetween(before, after), lost);
    });
  }

  test('and the changes tell the values before and after', async () => {
    const [old, now] = await Promise.all(
      ['min-retain-blocks = 9', 'min-retain-blocks = 1'].map((text) => parseToml(text, 'app.toml')),
    );
    assert.ok(old && now);
    assert.deepEqual(historyLosses(old, now), [{ file: 'app.toml', key: 'min-retain-blocks', from: 9, to: 1 }]);
  });
});
