import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startControlPlane, startFaultProxy, targetOf, waitForObject } from '@nodetask/testbed';
import type { ControlPlane, FaultProxy, KubeClient } from '@nodetask/testbed';

interface ConfigMap {
  readonly metadata: { readonly name: string };
  readonly data: { readonly step: string };
}

const pathOf = (name: string): string => `/api/v1/namespaces/default/configmaps/${name}`;

describe('waitForObject', { timeout: 60_000 }, () => {
  let controlPlane: ControlPlane;
  let proxy: FaultProxy;
  let client: KubeClient;
  before(async () => {
    controlPlane = await startControlPlane({ controllerManager: false });
    proxy = await startFaultProxy({ target: targetOf(controlPlane.server) });
    client = await controlPlane.clientFor(controlPlane.adminToken, proxy.url('https'));
  });
  after(async () => {
    client[Symbol.dispose]();
    await proxy.close();
    await controlPlane.stop();
  });

  const set = async (name: string, step: string) =>
    controlPlane.admin.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'default' },
      data: { step },
    });
  const until = async (name: string, step: string | undefined, timeoutMs = 10_000) =>
    waitForObject<ConfigMap>(client, pathOf(name), (object) => object?.data.step === step, {
      what: `step ${String(step)}`,
      timeoutMs,
    });

  test('resolves at once, at a later change, at creation and at deletion', async () => {
    const created = until('a', '1');
    await set('a', '1');
    assert.equal((await created)?.data.step, '1');
    assert.equal((await until('a', '1'))?.data.step, '1');
    const changed = until('a', '2');
    await set('a', '2');
    await changed;
    const deleted = until('a', undefined);
    await controlPlane.admin.delete(pathOf('a'));
    assert.equal(await deleted, undefined);
  });

  test('leaves no connection behind once it has what it wanted', async () => {
    await set('b', '1');
    await until('b', '1');
    client[Symbol.dispose]();
    await proxy.until(({ live }) => live === 0);
  });

  test('goes on over connections that are reset, and sees what was changed meanwhile', async () => {
    await set('c', '1');
    const { accepted } = proxy.counters;
    const changed = until('c', '2');
    await proxy.until((counters) => counters.accepted > accepted && counters.receivedFromServer > 0);
    await proxy.setMode({ kind: 'refuse' });
    proxy.resetConnections();
    await set('c', '2');
    await proxy.setMode({ kind: 'pass' });
    assert.equal((await changed)?.data.step, '2');
  });

  test('ends at its budget with the last state', async () => {
    await set('d', 'first');
    await assert.rejects(until('d', 'second', 300), {
      name: 'WaitTimeoutError',
      message: /^waited 300 ms for step second \(.*\/configmaps\/d\); last state: .*"first"/,
    });
  });

  test('a refusal is not tried again', async () => {
    using stranger = await controlPlane.clientFor('not-a-token');
    await assert.rejects(
      waitForObject(stranger, pathOf('e'), () => true, { what: 'anything', timeoutMs: 10_000 }),
      { name: 'KubeApiError', status: 401 },
    );
  });
});
