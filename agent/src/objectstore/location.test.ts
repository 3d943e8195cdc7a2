import assert from 'node:assert/strict';
import test, { describe, it } from 'node:test';
import { TaskError } from '@nodetask/shared';
import { createEgress } from '../node/testing/loopback-egress.ts';
import { checkEndpoint, type Environment } from './configured-endpoint.ts';
import { compileLocation, compileObjectUri, describeObject, type ObjectStoreParams } from './location.ts';

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

const compiled = (env: Environment, more: ObjectStoreParams = {}) => {
  const { endpoint, endpointVariable, forcePathStyle } = compileLocation({ bucket: 'abc', ...more }, env);
  return { endpoint, endpointVariable, forcePathStyle };
};

describe('the server of a store whose params name none', () => {
  const fromAWS = { endpoint: undefined, endpointVariable: undefined, forcePathStyle: false };
  const both = { AWS_ENDPOINT_URL_S3: 'http://minio:9000', AWS_ENDPOINT_URL: 'http://all:4566/base' };

  it('is that of AWS_ENDPOINT_URL_S3, else that of AWS_ENDPOINT_URL, with the bucket in the path', () => {
    const endpoint = 'http://minio:9000';
    const ofS3 = { endpoint, endpointVariable: 'AWS_ENDPOINT_URL_S3', forcePathStyle: true };
    assert.deepEqual(compiled(both), ofS3);
    const ofAll = { endpoint: 'http://all:4566/base', endpointVariable: 'AWS_ENDPOINT_URL', forcePathStyle: true };
    assert.deepEqual(compiled({ ...both, AWS_ENDPOINT_URL_S3: '' }), ofAll);
    assert.deepEqual(compiled({ AWS_ENDPOINT_URL: '' }), fromAWS);
    assert.equal(compiled(both, { forcePathStyle: false }).forcePathStyle, false);
    const { location } = compileObjectUri({ uri: 's3://abc/a' }, both);
    assert.equal(describeObject(location, 'a'), 's3://abc/a at http://minio:9000');
  });

  it('is that of the params where they name one', () => {
    const endpoint = 'http://mine:1';
    assert.deepEqual(compiled(both, { endpoint }), { endpoint, endpointVariable: undefined, forcePathStyle: true });
  });

  it('is that of AWS where the variables are to be ignored', () => {
    assert.deepEqual(compiled({ ...both, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' }), fromAWS);
    assert.equal(compiled({ ...both, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false' }).endpoint, 'http://minio:9000');
  });

  it('is refused if it is no URL or has credentials, by the name of its variable and without the password', () => {
    for (const value of ['minio:9000', 'ftp://minio', 'http://', 'http://me:secret@minio:9000', 'http://minio/?a=b']) {
      assert.throws(
        () => compiled({ AWS_ENDPOINT_URL_S3: value }),
        (error) =>
          error instanceof TaskError &&
          error.code === 'object-store-invalid' &&
          /^AWS_ENDPOINT_URL_S3 of the agent is ".*": set it to an http/.test(error.message) &&
          !error.message.includes('secret'),
        value,
      );
    }
  });

  it('passes the egress check as the endpoint of params does, and is allowed by --allow-host', () => {
    for (const endpoint of ['http://127.0.0.1:9000', 'http://169.254.169.254', 'http://localhost:9000']) {
      const location = compileLocation({ bucket: 'abc' }, { AWS_ENDPOINT_URL: endpoint });
      const nodeRPC = 'http://127.0.0.1:26657';
      assert.throws(() => {
        checkEndpoint(createEgress({ nodeRPC }), location);
      }, /^TaskError: AWS_ENDPOINT_URL: .*--allow-host/);
      checkEndpoint(createEgress({ nodeRPC, allowHosts: [new URL(endpoint).host] }), location);
    }
  });
});
