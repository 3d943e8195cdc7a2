import assert from 'node:assert/strict';
import test from 'node:test';
import { compileLocation, compileObjectUri, describeObject } from './location.ts';

test('a prefix means the same with and without slashes', () => {
  for (const prefix of ['pacific-1', 'pacific-1/', '/pacific-1/', '//pacific-1//']) {
    assert.equal(compileLocation({ bucket: 'abc', region: 'eu-central-1', prefix }).prefix, 'pacific-1/');
  }
  for (const prefix of [undefined, '', '/']) assert.equal(compileLocation({ bucket: 'abc', prefix }).prefix, '');
});

test('bucket and prefix mean the same as their uri', () => {
  const region = 'eu-central-1';
  assert.deepEqual(
    compileLocation({ uri: 's3://abc/a/b', region }),
    compileLocation({ bucket: 'abc', prefix: 'a/b/', region }),
  );
  assert.deepEqual(compileLocation({ uri: 's3://abc' }), compileLocation({ bucket: 'abc' }));
});

test('the bucket goes into the path where an endpoint is given, unless told otherwise', () => {
  const endpoint = 'http://minio:9000';
  assert.equal(compileLocation({ bucket: 'abc' }).forcePathStyle, false);
  assert.equal(compileLocation({ bucket: 'abc', endpoint }).forcePathStyle, true);
  assert.equal(compileLocation({ bucket: 'abc', endpoint, forcePathStyle: false }).forcePathStyle, false);
});

test('a uri of an object has a key', () => {
  const { location, key } = compileObjectUri({ uri: 's3://abc/chains/genesis.json' });
  assert.equal(key, 'chains/genesis.json');
  assert.equal(describeObject(location, key), 's3://abc/chains/genesis.json');
  for (const uri of ['s3://abc', 's3://abc/', 's3://abc/folder/', 's3://A/b', 'https://abc/b']) {
    assert.throws(() => compileObjectUri({ uri }), { code: 'invalid-params' });
  }
});
