import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { startEc2 } from '@nodetask/testbed';
import type { Ec2Server } from '@nodetask/testbed';

describe('EC2 API', { timeout: 120_000 }, () => {
  let ec2: Ec2Server;
  before(async () => {
    ec2 = await startEc2();
  });
  beforeEach(async () => {
    await ec2.reset();
  });
  after(async () => {
    await ec2.stop();
  });

  /** DescribeInstances as its documentation spells it on the wire. */
  async function describeInstances(form: Readonly<Record<string, string>>) {
    const response = await fetch(ec2.endpoint, {
      method: 'POST',
      headers: { authorization: `AWS4-HMAC-SHA256 Credential=x/20260101/${ec2.region}/ec2/aws4_request` },
      body: new URLSearchParams({ Action: 'DescribeInstances', Version: '2016-11-15', ...form }),
      signal: AbortSignal.timeout(30_000),
    });
    const xml = await response.text();
    assert.equal(response.status, 200, xml);
    const all = (pattern: RegExp): string[] => [...xml.matchAll(pattern)].map(([, value = '']) => value);
    return {
      ids: all(/<instanceId>([^<]+)</g),
      states: all(/<instanceState><code>\d+<\/code><name>([^<]+)</g),
      addresses: [...new Set(all(/<privateIpAddress>([^<]+)</g))],
      publicAddresses: all(/<(?:ipAddress|publicIp)>([^<]+)</g),
      nextToken: all(/<nextToken>([^<]+)</g)[0],
    };
  }

  test('instances have the address and the tags that they were made with', async () => {
    const ids = await ec2.runInstances([
      { privateAddress: '127.9.1.2', tags: { chain: 'sei', role: 'rpc node' } },
      { privateAddress: '127.9.1.3', tags: { chain: 'other' } },
    ]);
    const found = await describeInstances({ 'Filter.1.Name': 'tag:role', 'Filter.1.Value.1': 'rpc node' });
    assert.deepEqual(found.ids, ids.slice(0, 1));
    assert.deepEqual(found.addresses, ['127.9.1.2']);
    assert.deepEqual(found.publicAddresses, [], 'an address on the internet');
    assert.deepEqual(found.states, ['running']);
  });

  test('there are as many pages as the page size makes of them', async () => {
    const made = await ec2.runInstances(
      Array.from({ length: 12 }, (_, index) => ({ privateAddress: `127.9.2.${index + 10}`, tags: { chain: 'sei' } })),
    );
    const pages: string[][] = [];
    let token: string | undefined;
    do {
      const page = await describeInstances({ MaxResults: '5', ...(token === undefined ? {} : { NextToken: token }) });
      pages.push(page.ids);
      token = page.nextToken;
    } while (token !== undefined && pages.length < 10);
    assert.deepEqual(
      pages.map((page) => page.length),
      [5, 5, 2],
    );
    assert.deepEqual(pages.flat().toSorted(), made.toSorted());
  });

  test('a stopped instance stays listed as stopped', async () => {
    const ids = await ec2.runInstances([{ privateAddress: '127.9.1.2', tags: {} }]);
    await ec2.stopInstances(ids);
    assert.deepEqual((await describeInstances({})).states, ['stopped']);
    await assert.rejects(
      ec2.stopInstances(['i-0000000000000dead']),
      /StopInstances at .* HTTP 400 .*InvalidInstanceID/s,
    );
  });

  test('its environment holds credentials and keeps the SDK away from the metadata service', () => {
    assert.deepEqual(ec2.environment, {
      AWS_ACCESS_KEY_ID: 'testbed',
      AWS_SECRET_ACCESS_KEY: 'testbed',
      AWS_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
    });
  });
});
