import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bareEnvironment, loadConfig } from './config.ts';

test('NODETASK_TESTBED_BIN comes before KUBEBUILDER_ASSETS; empty variables count as not set', () => {
  assert.deepEqual(loadConfig({ KUBEBUILDER_ASSETS: '/k', NODETASK_TESTBED_BIN: '/n' }).programFolders, ['/n', '/k']);
  assert.deepEqual(loadConfig({ KUBEBUILDER_ASSETS: '', NODETASK_TESTBED_BIN: '' }).programFolders, []);
});

test('programs of the system are on the PATH, and where root has more of them', () => {
  assert.deepEqual(loadConfig({ PATH: '/b::relative:/a:/sbin' }).systemFolders, ['/b', '/a', '/sbin', '/usr/sbin']);
  assert.deepEqual(loadConfig({}).systemFolders, ['/usr/sbin', '/sbin']);
});

test('the cache is under XDG_CACHE_HOME, else under ~/.cache', () => {
  assert.equal(loadConfig({ XDG_CACHE_HOME: '/c' }).cacheFolder, '/c/nodetask/testbed');
  assert.equal(loadConfig({}).cacheFolder, join(homedir(), '.cache', 'nodetask', 'testbed'));
});

test('the envtest index can be another URL, but must be one', () => {
  assert.equal(
    loadConfig({ NODETASK_TESTBED_ENVTEST_INDEX: 'http://127.0.0.1:1/i' }).envtestIndex,
    'http://127.0.0.1:1/i',
  );
  assert.throws(() => loadConfig({ NODETASK_TESTBED_ENVTEST_INDEX: 'index.yaml' }), /NODETASK_TESTBED_ENVTEST_INDEX/);
});

test('a program under test gets PATH and nothing else of this environment', () => {
  assert.deepEqual(Object.keys(bareEnvironment({ A: 'b' })).toSorted(), ['A', 'PATH']);
});
