import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentEnvironment } from './agent-process.ts';
import { operatorArgs } from './operator-process.ts';

const serviceAccount = { path: '/pods/u/serviceaccount' };

test('the agent gets what its pod would have', () => {
  const { PATH: _path, ...environment } = agentEnvironment({
    pod: { namespace: 'sei', name: 'sei-rpc-0', uid: 'u' },
    ip: '127.1.2.3',
    port: 7777,
    home: '/home',
    settings: {
      nodeRPC: 'http://127.9.9.9:26657',
      allowHosts: ['127.9.9.9', '127.8.8.8:1'],
      env: { NODETASK_LOG_LEVEL: 'debug' },
    },
    serviceAccount,
    apiServer: 'https://127.0.0.1:20000',
    tokenFile: '/agent-token',
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
