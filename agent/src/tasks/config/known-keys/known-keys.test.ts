import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { JUDGE_VERSIONS } from '@nodetask/testbed';
import appData from './app-keys.json' with { type: 'json' };
import cometBFTData from './cometbft-keys.json' with { type: 'json' };
import { appKnownKeys, cometBFTKnownKeys } from './known-keys.ts';
import { cometBFTVersions, sdkVersions } from './versions.ts';

describe('the data of known keys', () => {
  test('has the versions that rules may name, in their order, and those that judge in tests', () => {
    assert.deepEqual(cometBFTData.versions, cometBFTVersions);
    assert.deepEqual(appData.versions, sdkVersions);
    assert.deepEqual(JUDGE_VERSIONS, cometBFTVersions);
  });

  test('keeps to its schema, key by key', () => {
    assert.equal(cometBFTKnownKeys().size, cometBFTData.keys.length);
    assert.equal(appKnownKeys().size, appData.keys.length);
  });
});
