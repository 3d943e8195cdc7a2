import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { makeSeiHome } from '../src/tasks/testing/sei-home.ts';
import { HostileServers } from './support/hostile-servers.ts';
import { type Cost, MeasuredAgent } from './support/limits/measured-agent.ts';

/** The agent as a process, against servers that try to take it down: what they may cost beyond what an honest transfer takes. */

const maxExtraBytes = 64 * 1024 ** 2;
const maxStallMs = 1_000;

describe('a hostile server', { timeout: 300_000 }, () => {
  let servers: HostileServers;
  let agent: MeasuredAgent;
  let removeHome: (() => Promise<void>) | undefined;

  const run = (type: string, params: object): Promise<Cost> => agent.run([{ type, params }]);

  const restoreFrom = (bucket: string): Promise<Cost> =>
    run('snapshot-restore', {
      bucket,
      region: 'us-east-1',
      endpoint: servers.url,
      chainId: 'honest-1',
      allowUnverified: true,
    });

  before(async () => {
    const home = await makeSeiHome({
      after: (remove) => {
        removeHome = remove;
      },
    });
    servers = await HostileServers.start();
    agent = await MeasuredAgent.start(home.root);
    // The SDK is loaded by now, and no transfer has left memory behind that a hostile one could use.
    assert.equal((await restoreFrom('empty')).results[0]?.errorCode, 'object-missing');
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await servers[Symbol.asyncDispose]();
    await removeHome?.();
  });

  const assertBounded = ({ results: [result], extraBytes, stallMs }: Cost, errorCode: string): void => {
    assert.equal(result?.status, 'failed');
    assert.equal(result.errorCode, errorCode, String(result.error));
    assert.ok(stallMs < maxStallMs, `probes waited for ${stallMs.toFixed(0)} ms`);
    assert.ok(extraBytes < maxExtraBytes, `it took ${(extraBytes / 1e6).toFixed(0)} MB`);
    agent.assertUp();
  };

  for (const [bucket, what, errorCode] of [
    ['error-flood', 'an error that does not end', 'object-store-invalid'],
    ['failure-flood', 'a failure that does not end, again and again', 'object-store-unreachable'],
    ['listing-flood', 'a listing that does not end', 'object-store-invalid'],
    ['entities', 'a listing that is expensive to parse', 'object-missing'],
    ['doctypes', 'document types without end', 'object-store-invalid'],
    ['error-words', 'an error that is expensive to mask', 'object-store-refused'],
    ['long-headers', 'headers that do not end', 'object-store-unreachable'],
    ['long-object', 'an object that goes on after its end', 'object-store-invalid'],
    ['new-tokens', 'ever new pages of a listing', 'object-store-invalid'],
  ] as const) {
    it(`that is an object store takes neither memory nor time by ${what}`, async () => {
      assertBounded(await restoreFrom(bucket), errorCode);
    });
  }

  it('that is a witness takes neither memory nor time by headers that trickle, or by an answer that does not end', async () => {
    const rpcServers = ['slow-headers', 'rpc-flood'].map((path) => `${servers.url}/${path}`);
    assertBounded(await run('configure-state-sync', { rpcServers }), 'too-few-witnesses');
  });

  describe('beyond what an honest transfer takes', () => {
    before(async () => {
      for (const { results } of [
        await restoreFrom('honest'),
        await run('configure-genesis', { rpc: `${servers.url}/honest-rpc` }),
      ]) {
        assert.equal(results[0]?.status, 'completed', String(results[0]?.error));
      }
    });

    it('takes neither memory nor time by an archive with gigabytes of zeros after its end', async () => {
      assertBounded(await restoreFrom('tail-bomb'), 'snapshot-invalid');
    });

    for (const [path, what, errorCode] of [
      ['rpc-flood', 'an answer of an RPC that does not end', 'source-invalid'],
      ['rpc-objects', 'millions of objects in one answer of an RPC', 'rpc-invalid'],
      ['long-headers', 'headers of an RPC that do not end', 'rpc-unreachable'],
    ] as const) {
      it(`takes neither memory nor time by ${what}`, async () => {
        assertBounded(await run('configure-genesis', { rpc: `${servers.url}/${path}` }), errorCode);
      });
    }
  });
});
