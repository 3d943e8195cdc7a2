import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ControlPlane, helm, type HelmVersion, startControlPlane } from '@nodetask/testbed';
import { chart } from './support/chart.ts';

/** The caBundle belongs to the operator: whatever Helm does with the webhook, it stays. */
let controlPlane: ControlPlane;

before(async () => {
  controlPlane = await startControlPlane({ controllerManager: false });
});

after(async () => {
  await controlPlane.stop();
});

interface Webhook {
  readonly timeoutSeconds: number;
  readonly clientConfig: { readonly caBundle?: string };
}

const caBundle = Buffer.from('-----BEGIN CERTIFICATE-----').toString('base64');

for (const version of ['helm', 'helm3'] as const satisfies readonly HelmVersion[]) {
  describe(version === 'helm' ? 'Helm 4' : 'Helm 3', () => {
    const release = version === 'helm' ? 'four' : 'three';
    const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${release}`;

    const run = async (...args: readonly string[]): Promise<void> => {
      // The policy is one for the whole cluster.
      const common = ['--namespace', release, '--set', 'crds.install=false,admissionPolicy.enabled=false'];
      const { code, stderr } = await helm(
        controlPlane,
        [...args, ...(args[0] === 'rollback' ? common.slice(0, 2) : common)],
        { version },
      );
      assert.equal(code, 0, stderr);
    };
    const webhook = async (): Promise<Webhook | undefined> =>
      (await controlPlane.admin.get<{ readonly webhooks: readonly Webhook[] }>(path))?.webhooks[0];

    test('an upgrade and a rollback change what they are told to, and leave the caBundle', async () => {
      await controlPlane.createNamespace(release);
      await run('install', release, chart);
      // As the operator does: operator/src/pki/publish-ca-bundle.ts
      await controlPlane.admin.apply(
        {
          apiVersion: 'admissionregistration.k8s.io/v1',
          kind: 'MutatingWebhookConfiguration',
          metadata: { name: release },
          webhooks: [{ name: 'agent.nodetask.dev', clientConfig: { caBundle } }],
        },
        'nodetask-operator',
      );
      await run('upgrade', release, chart, '--set', 'injection.timeoutSeconds=9');
      assert.deepEqual(
        { timeoutSeconds: (await webhook())?.timeoutSeconds, caBundle: (await webhook())?.clientConfig.caBundle },
        { timeoutSeconds: 9, caBundle },
      );
      await run('rollback', release, '1');
      assert.deepEqual(
        { timeoutSeconds: (await webhook())?.timeoutSeconds, caBundle: (await webhook())?.clientConfig.caBundle },
        { timeoutSeconds: 5, caBundle },
      );
    });
  });
}
