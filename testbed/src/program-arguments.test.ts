import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentEnvironment } from './agent-process.ts';
import { operatorArgs } from './operator-process.ts';

const options = {
  pod: { namespace: 'sei', name: 'sei-rpc-0', uid: 'u' },
  ip: '127.1.2.3',
  port: 7777,
  home: '/home',
  serviceAccountFolder: '/pods/u/serviceaccount',
  apiServer: 'https://127.0.0.1:20000',
};

test('the agent gets what its pod would have', () => {
  const { PATH: _path, ...environment } = agentEnvironment({
    ...options,
    settings: {
      nodeRPC: 'http://127.9.9.9:26657',
      allowHosts: ['127.9.9.9', '127.8.8.8:1'],
      env: { NODETASK_LOG_LEVEL: 'debug' },
    },
    access: { kind: 'token', token: 'secret', tokenFile: '/agent-token' },
  });
  assert.deepEqual(environment, {
    NODETASK_HOME: '/home',
    NODETASK_LISTEN: '127.1.2.3:7777',
    NODETASK_TOKEN_FILE: '/agent-token',
    NODETASK_NODE_RPC: 'http://127.9.9.9:26657',
    NODETASK_ALLOW_HOST: '127.9.9.9,127.8.8.8:1',
    NODETASK_SERVICEACCOUNT_DIR: '/pods/u/serviceaccount',
    POD_NAME: 'sei-rpc-0',
    POD_NAMESPACE: 'sei',
    POD_UID: 'u',
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: '20000',
    NODETASK_LOG_LEVEL: 'debug',
  });
});

test('by TLS it has no token', () => {
  const env = { NODETASK_TRUST_FILE: '/trust/ca.crt' };
  const access = { kind: 'tls', env, caller: () => Promise.reject(new Error('nobody calls')) } as const;
  const environment = agentEnvironment({ ...options, settings: {}, access });
  assert.equal(environment['NODETASK_TRUST_FILE'], '/trust/ca.crt');
  assert.ok(!('NODETASK_TOKEN_FILE' in environment));
});

test('the operator watches all namespaces with leader election unless told otherwise', () => {
  const common = { kubeconfig: '/k', healthPort: 20_001 };
  assert.deepEqual(operatorArgs({ ...common, settings: {} }), [
    '--kubeconfig',
    '/k',
    '--leader-elect',
    '--listen',
    '127.0.0.1:20001',
  ]);
  assert.deepEqual(operatorArgs({ ...common, settings: { namespace: 'sei', leaderElect: false, args: ['--x'] } }), [
    '--kubeconfig',
    '/k',
    '--namespace',
    'sei',
    '--listen',
    '127.0.0.1:20001',
    '--x',
  ]);
});

test('by TLS the operator serves HTTPS on loopback', () => {
  const secure = { port: 20_002, caSource: 'operator' } as const;
  assert.deepEqual(operatorArgs({ kubeconfig: '/k', healthPort: 20_001, secure, settings: {} }).slice(5), [
    '--agent-tls',
    '--secure-listen',
    '127.0.0.1:20002',
    '--service-host',
    '127.0.0.1',
    '--ca-source',
    'operator',
  ]);
});
