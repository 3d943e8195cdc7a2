import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  caSecret,
  CertificateAuthority,
  type CommandResult,
  type ControlPlane,
  helm,
  installOtherCustomResources,
  startControlPlane,
  waitFor,
} from '@nodetask/testbed';
import { chart, releaseNamespace, type Values, withValues } from './support/chart.ts';
import { inventory } from './support/inventory.ts';
import { LoopbackService } from './support/loopback-service.ts';
import { OperatorPods } from './support/operator-pods.ts';

/** What the operator makes for itself with the default values: its rights are enough for it, and nothing of it outlives the release. */
let controlPlane: ControlPlane;
let service: LoopbackService;
let pods: OperatorPods;
let atFirst: readonly string[] = [];

before(async () => {
  controlPlane = await startControlPlane();
  for (const name of [releaseNamespace, 'sei']) await controlPlane.createNamespace(name);
  const agentTokenFile = join(controlPlane.folder, 'token');
  await writeFile(agentTokenFile, 'unused', { mode: 0o600 });
  service = await LoopbackService.listen();
  pods = new OperatorPods({ controlPlane, namespace: releaseNamespace, agentTokenFile, service });
});

after(async () => {
  await pods[Symbol.asyncDispose]();
  await controlPlane.stop();
  await service[Symbol.asyncDispose]();
});

beforeEach(async () => {
  atFirst = await inventory(controlPlane);
});

const run = async (...args: readonly string[]): Promise<CommandResult> => {
  const result = await helm(controlPlane, [...args, '--namespace', releaseNamespace, '--wait', '--timeout', '4m']);
  assert.equal(result.code, 0, result.stderr);
  return result;
};

interface Owned {
  readonly metadata: { readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[] };
}

/** What there was not before, of these kinds. */
const made = async (kinds: RegExp): Promise<readonly string[]> =>
  (await inventory(controlPlane)).filter((object) => kinds.test(object) && !atFirst.includes(object));

const caBundle = async (): Promise<string | undefined> => {
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/nodetask';
  const object = await controlPlane.admin.get<{
    readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
  }>(path);
  return object?.webhooks[0]?.clientConfig.caBundle;
};

const untilMade = async (object: RegExp): Promise<void> => {
  await waitFor(async () => (await made(object)).length > 0, {
    what: `${object.source} to be there`,
    timeoutMs: 60_000,
  });
};

const untilReachable = async (): Promise<string | undefined> =>
  waitFor(caBundle, { what: 'the operator to write the caBundle of its webhook', timeoutMs: 60_000 });

/** Waits until there is nothing that was not there before but the CRD and `others`. */
const untilNothingIsLeft = async (others: readonly string[] = []): Promise<void> => {
  const kept = new Set(['CustomResourceDefinition nodetasks.nodetask.dev', ...others]);
  let left: readonly string[] = [];
  await waitFor(
    async () => {
      left = (await made(/./)).filter((object) => !kept.has(object));
      return left.length === 0;
    },
    { what: 'everything to be gone', timeoutMs: 60_000, detail: () => left.join(', ') },
  );
};

const own = /^(?:ConfigMap|Secret|Lease) .*\/nodetask/;

describe('the operator with the default values', () => {
  const cases: readonly { readonly name: string; readonly given: Values; readonly trust: readonly string[] }[] = [
    { name: 'for all namespaces', given: {}, trust: ['ConfigMap nodetask-system/nodetask-trust'] },
    {
      name: 'for some namespaces',
      given: { agentNamespaces: ['sei'] },
      trust: ['ConfigMap nodetask-system/nodetask-trust', 'ConfigMap sei/nodetask-trust'],
    },
  ];
  for (const { name, given, trust } of cases) {
    test(name, { timeout: 300_000 }, async () => {
      await run('install', 'nodetask', chart, ...withValues(given));
      const bundle = await untilReachable();
      await untilMade(/^Secret .*nodetask-metrics-reader/);
      assert.deepEqual(await made(own), [
        ...trust,
        'Lease nodetask-system/nodetask-operator',
        'Secret nodetask-system/nodetask-ca',
        'Secret nodetask-system/nodetask-metrics-reader',
      ]);
      const ca = await controlPlane.admin.get<Owned>(`/api/v1/namespaces/${releaseNamespace}/secrets/nodetask-ca`);
      assert.deepEqual(
        ca?.metadata.ownerReferences?.map((owner) => `${owner.kind} ${owner.name}`),
        ['ClusterRole nodetask-operator'],
      );
      await run('upgrade', 'nodetask', chart, ...withValues({ ...given, operator: { logLevel: 'debug' } }));
      assert.equal(await caBundle(), bundle, 'an upgrade leaves it');
      await run('uninstall', 'nodetask');
      await untilNothingIsLeft();
    });
  }
});

test('the operator with a CA that cert-manager writes, which it may only read', { timeout: 300_000 }, async () => {
  await installOtherCustomResources(controlPlane.admin);
  atFirst = await inventory(controlPlane);
  const ca = await CertificateAuthority.create();
  // As cert-manager does, which is not here, once it sees the Certificate.
  await controlPlane.admin.create(caSecret(ca, releaseNamespace));
  await run('install', 'nodetask', chart, ...withValues({ tls: { certManager: { enabled: true } } }));
  const trusted = new X509Certificate(Buffer.from((await untilReachable()) ?? '', 'base64'));
  assert.equal(trusted.fingerprint256, new X509Certificate(ca.certificate).fingerprint256);
  await untilMade(/^Secret .*nodetask-metrics-reader/);
  await run('uninstall', 'nodetask');
  // cert-manager keeps the Secrets of its Certificates.
  await untilNothingIsLeft(['Secret nodetask-system/nodetask-ca']);
});
