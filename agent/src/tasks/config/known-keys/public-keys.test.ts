import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type PatchableFile, patchableFiles } from '@nodetask/shared';
import { withoutDashes } from '../without-dashes.ts';
import { placesOf, registry } from '../registry.ts';
import { knownKeysOf } from '../unknown-keys/known-keys-of.ts';
import { appKnownKeys, cometBFTKnownKeys, type KnownKey } from './known-keys.ts';
import publicData from './public-keys.json' with { type: 'json' };
import { isPublic } from './public-keys.ts';

const files: Readonly<Record<PatchableFile, readonly string[]>> = publicData;
const pathOf = (key: string): readonly string[] => key.split('.');
const plain = (key: string): string => withoutDashes(key).toLowerCase();

describe('the keys whose values may be shown', () => {
  for (const file of patchableFiles) {
    test(`${file}: each is a key that some node reads, once, and in order`, () => {
      const known = new Set([...knownKeysOf(file, undefined).names].map(plain));
      assert.deepEqual(
        files[file].filter((key) => !known.has(plain(key))),
        [],
      );
      assert.deepEqual(files[file], [...files[file]].sort());
      assert.equal(new Set(files[file].map(plain)).size, files[file].length);
    });

    test(`${file}: no name tells of a secret, a key file, an address or a peer`, () => {
      const secret =
        /(?<!by)pass|[-_]keys?$|secret|token|mnemonic|credential|conn$|priv[-_]?validator|_file$|-file$|dir$|directory|path|laddr|address|addr$|url|node_?key|moniker|(?<!enable-)hostname|servers$|endpoint|proxy[-_]app|headers/i;
      assert.deepEqual(
        files[file].filter((key) => secret.test(key)),
        [],
      );
    });
  }

  test('a text of the data or the registry is public only if it is a word of a known set', () => {
    const words =
      /^(?:abci|(?:blocksync\.|mempool\.)?version|(?:db|app-db|ss|rs|tx-index)[-_]backend|log[-_](?:level|format)|mode|(?:mempool\.)?type|queue-type|trust[-_]hash|experimental_db_key_layout|indexer|block-executor|minimum-gas-prices|pruning(?:-.*)?|(?:sc|ss)-(?:read|write)-mode|metrics-sink)$/;
    const texts = [
      ...[...cometBFTKnownKeys().values()].map((known) => ['config.toml', known] as const),
      ...[...appKnownKeys().values()].map((known) => ['app.toml', known] as const),
    ].flatMap(([file, { key, type }]) => (type === 'string' && isPublic(file, pathOf(key)) ? [key] : []));
    const inRegistry = [...registry().values()].flatMap((entry) =>
      entry.type === 'string'
        ? placesOf(entry).flatMap(({ file, path }) => (isPublic(file, path) ? [path.join('.')] : []))
        : [],
    );
    for (const key of [...texts, ...inRegistry]) {
      assert.match(key, new RegExp(`${words.source}|${words.source.replace('^', '\\.')}`), key);
    }
    assert.ok(texts.length > 10 && inRegistry.length > 10);
  });

  test('every number, switch and duration of the data and of the registry is public', () => {
    const plainTypes = /^(?:bool\??|u?int\d*|duration|float64)$/;
    const isPlain = ({ type }: Pick<KnownKey, 'type'>): boolean => plainTypes.test(type);
    const known = [
      ...[...cometBFTKnownKeys().values()].filter(isPlain).map(({ key }) => ['config.toml', pathOf(key)] as const),
      ...[...appKnownKeys().values()].filter(isPlain).map(({ key }) => ['app.toml', pathOf(key)] as const),
      ...[...registry().values()]
        .filter(({ type }) => plainTypes.test(type))
        .flatMap((entry) => placesOf(entry).map(({ file, path }) => [file, path] as const)),
    ];
    assert.deepEqual(
      known.filter(([file, path]) => !isPublic(file, path)),
      [],
    );
  });

  test('a key is public in either spelling and in any case, and not in another file or place', () => {
    assert.ok(isPublic('config.toml', ['p2p', 'max_num_inbound_peers']));
    assert.ok(isPublic('config.toml', ['p2p', 'max-num-inbound-peers']));
    assert.ok(isPublic('config.toml', ['P2P', 'Max_num_inbound_peers']));
    assert.ok(!isPublic('app.toml', ['p2p', 'max_num_inbound_peers']));
    assert.ok(!isPublic('config.toml', ['rpc', 'max_num_inbound_peers']));
    assert.ok(!isPublic('config.toml', ['p2p.max_num_inbound_peers']));
    assert.ok(!isPublic('config.toml', ['p2p', 'max_num_inbound_peers', 'x']));
    assert.ok(!isPublic('config.toml', []));
    assert.ok(!isPublic('other.toml', ['log_level']));
    assert.ok(!isPublic('__proto__', ['log_level']));
  });
});
