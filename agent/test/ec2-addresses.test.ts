import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import type { AddressType } from '@nodetask/shared';
import { type Ec2Server, startEc2 } from '@nodetask/testbed';
import { createEgress } from '../src/node/testing/loopback-egress.ts';
import { ec2Source } from '../src/tasks/discover-peers/ec2-source.ts';

/**
 * Which addresses of instances a source lists, by a real EC2 API. The public ones are made up by the server: they belong to somebody, so the source is
 * asked alone, and nothing here connects to what it lists.
 */

let ec2: Ec2Server;
let publicAddress = '';

before(async () => {
  ec2 = await startEc2();
  Object.assign(process.env, ec2.environment);
  const tags = { role: 'rpc' };
  const ids = await ec2.runInstances([
    { privateAddress: '127.31.0.1', tags, hasPublicAddress: true },
    { privateAddress: '127.31.0.2', tags },
  ]);
  publicAddress = (await ec2.publicAddress(ids[0] ?? '')) ?? '';
  assert.match(publicAddress, /^\d+\.\d+\.\d+\.\d+$/);
  assert.equal(await ec2.publicAddress(ids[1] ?? ''), undefined);
});

after(async () => {
  await ec2.stop();
});

const find = async (t: TestContext, addressType?: AddressType): Promise<ReadonlySet<unknown>> => {
  const egress = createEgress({ nodeRPC: 'http://127.0.0.1:1', allowHosts: [ec2.host] });
  t.after(() => egress.close());
  const query = { region: ec2.region, endpoint: ec2.endpoint, tags: { role: 'rpc' }, addressType };
  const found = await ec2Source(query, 'sources.0', { egress, port: 26656 }).find(AbortSignal.timeout(30_000));
  return new Set(found.map(({ host, others, fault }) => fault ?? [host, ...(others ?? [])].join(' ')));
};

describe('the addresses that a source of EC2 instances lists', { timeout: 60_000 }, () => {
  test('are all that an instance has by default, the private one first', async (t) => {
    const wanted = new Set([`127.31.0.1 ${publicAddress}`, '127.31.0.2']);
    assert.deepEqual(await find(t), wanted);
    assert.deepEqual(await find(t, 'auto'), wanted);
  });

  test('are private ones alone for type private', async (t) => {
    assert.deepEqual(await find(t, 'private'), new Set(['127.31.0.1', '127.31.0.2']));
  });

  test('are public ones alone for type public, and an instance without one is told, not dropped', async (t) => {
    const without = 'the instance has no public address and no IPv6 address';
    assert.deepEqual(await find(t, 'public'), new Set([publicAddress, without]));
  });
});
