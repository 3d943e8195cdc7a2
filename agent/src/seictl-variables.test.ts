import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { seictlVariables } from './seictl-variables.ts';

test('a variable of seictl is named with what stands for it here, and its value is not', () => {
  const told = seictlVariables({ SEI_HOME: '/secret', SEI_KEYRING_PASSPHRASE: 'hunter2', NODETASK_HOME: '/sei' });
  assert.deepEqual(told?.variables, [
    'SEI_HOME: NODETASK_HOME',
    'SEI_KEYRING_PASSPHRASE: nothing: no task signs, and the secret is better taken out of the pod',
  ]);
  assert.doesNotMatch(JSON.stringify(told), /hunter2|\/secret/);
});

test('nothing is told where there are none, where one is empty, or of what Kubernetes sets for a service', () => {
  assert.equal(seictlVariables({ PATH: '/bin', SEI_HOME: '', SEINFELD: '1', MY_SEI_HOME: '1' }), undefined);
  const ofService = {
    SEI_RPC_SERVICE_HOST: '10.0.0.1',
    SEI_RPC_SERVICE_PORT: '26657',
    SEI_RPC_SERVICE_PORT_RPC: '26657',
    SEI_RPC_PORT: 'tcp://10.0.0.1:26657',
    SEI_RPC_PORT_26657_TCP: 'tcp://10.0.0.1:26657',
    SEI_RPC_PORT_26657_TCP_ADDR: '10.0.0.1',
  };
  assert.equal(seictlVariables(ofService), undefined);
  assert.equal(seictlVariables({ ...ofService, SEI_SIDECAR_PORT: '7777' })?.variables.length, 1);
});

test('unknown names are told as such, and what is told is bounded', () => {
  assert.deepEqual(seictlVariables({ SEICTL_CONTEXT: 'x' }), { variables: ['SEICTL_CONTEXT: unknown'] });
  const many = Object.fromEntries(
    Array.from({ length: 500 }, (_, index) => [`SEI_${index}_${'X'.repeat(5_000)}`, '1']),
  );
  const told = seictlVariables({ ...many, SEI_HOME: '/sei' });
  assert.deepEqual([told?.variables.length, told?.more], [17, 484]);
  assert.ok(JSON.stringify(told).length < 2_000);
});

test('the page has every variable that the agent knows', () => {
  const page = readFileSync(new URL('../../docs/coming-from-seictl.md', import.meta.url), 'utf8');
  const source = readFileSync(new URL('seictl-variables.ts', import.meta.url), 'utf8');
  const names = [...source.matchAll(/^ {2}(SEI_\w+):/gm)].map(([, name]) => name ?? '');
  assert.ok(names.length > 10);
  for (const name of names) assert.ok(page.includes(`\`${name}\``), name);
});
