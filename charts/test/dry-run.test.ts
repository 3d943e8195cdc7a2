import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ControlPlane, installOtherCustomResources, startControlPlane } from '@nodetask/testbed';
import { releaseNamespace, renderText } from './support/chart.ts';
import { matrix } from './support/matrix.ts';

/** Whatever the values, the API server takes what the chart makes of them: its own objects, and those of cert-manager and Prometheus Operator. */
let controlPlane: ControlPlane;

before(async () => {
  controlPlane = await startControlPlane({ controllerManager: false });
  for (const name of [releaseNamespace, 'sei', 'sei-testnet']) await controlPlane.createNamespace(name);
  await installOtherCustomResources(controlPlane.admin);
});

after(async () => {
  await controlPlane.stop();
});

describe('helm template | kubectl apply --server-side --dry-run=server', () => {
  for (const [name, given] of Object.entries(matrix)) {
    test(name, async () => {
      const input = await renderText(given);
      const args = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '--filename=-'];
      const { code, stdout, stderr } = await controlPlane.kubectl(args, { input });
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^deployment\.apps\/[\w-]+-operator serverside-applied \(server dry run\)$/m);
      // The API server says by warnings what it takes and does not like.
      assert.equal(stderr, '');
    });
  }
});

test('so does who applies on the client', async () => {
  const { code, stderr } = await controlPlane.kubectl(['apply', '--dry-run=server', '--filename=-'], {
    input: await renderText(),
  });
  assert.equal(code, 0, stderr);
});
