import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ControlPlane, helm, type HelmVersion, startControlPlane } from '@nodetask/testbed';
import { chart, releaseNamespace } from './support/chart.ts';

/** A name in agentNamespaces that no namespace has: Helm would install half of the chart, and stop at the first object of that namespace. */
let controlPlane: ControlPlane;

before(async () => {
  controlPlane = await startControlPlane({ controllerManager: false });
  for (const namespace of [releaseNamespace, 'sei']) await controlPlane.createNamespace(namespace);
});

after(async () => {
  await controlPlane.stop();
});

/** As an install renders it, with the cluster asked, and nothing made. */
const dryRun = async (what: string, values: string, version: HelmVersion = 'helm'): Promise<string> => {
  const args = ['install', 'nodetask', what, '--namespace', releaseNamespace, '--dry-run=server', '--set', values];
  const { code, stderr } = await helm(controlPlane, args, { version });
  return code === 0 ? '' : stderr;
};

for (const version of ['helm', 'helm3'] as const satisfies readonly HelmVersion[]) {
  describe(version === 'helm' ? 'Helm 4' : 'Helm 3', () => {
    test('refuses it before anything is installed, and says what to do', async () => {
      assert.match(
        await dryRun(chart, 'agentNamespaces={sei,sie}', version),
        /agentNamespaces names sie, and there is no such namespace\. Correct it, or run: kubectl create namespace sie/,
      );
    });

    test('has nothing against namespaces that are there', async () => {
      assert.equal(await dryRun(chart, 'agentNamespaces={sei}', version), '');
    });
  });
}

test('a chart around this one may make the namespace itself', async () => {
  const parent = join(controlPlane.folder, 'parent');
  await mkdir(join(parent, 'charts'), { recursive: true });
  await symlink(chart, join(parent, 'charts', 'nodetask'));
  await writeFile(join(parent, 'Chart.yaml'), 'apiVersion: v2\nname: parent\nversion: 0.1.0\n');
  assert.equal(await dryRun(parent, 'nodetask.agentNamespaces={osmosis}'), '');
});
