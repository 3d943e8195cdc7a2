import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, before, describe, it } from 'node:test';
import type { TaskResult } from '@nodetask/shared';
import { makeSeiHome } from '../src/tasks/testing/sei-home.ts';
import { AgentLauncher, type LaunchedAgent } from './support/agent-launcher.ts';
import { HostileServers } from './support/hostile-servers.ts';

/** The agent as a process, against servers that try to take it down: what they may cost beyond what an honest transfer takes. */

const maxExtraBytes = 64 * 1024 ** 2;
const maxStallMs = 1_000;
/** What the injection gives it. */
const memoryLimitBytes = 512 * 1024 ** 2;
const final = new Set(['completed', 'failed', 'cancelled']);

/** The most memory that a process has had so far. */
const peakBytes = (pid: number): number => {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
};

/** Lets the most that it has had be what it has now; answers that. */
const resetPeak = (pid: number): number => {
  try {
    writeFileSync(`/proc/${String(pid)}/clear_refs`, '5');
  } catch {
    // Not every kernel allows it: then the most that it has had so far is what counts.
  }
  return peakBytes(pid);
};

interface Cost {
  readonly result: TaskResult;
  /** Memory beyond what the agent had before. */
  readonly extraBytes: number;
  /** The longest that a probe had to wait, without what this process itself was held up. */
  readonly stallMs: number;
}

describe('a hostile server', { timeout: 300_000 }, () => {
  let servers: HostileServers;
  let launcher: AgentLauncher;
  let agent: LaunchedAgent;
  let removeHome: (() => Promise<void>) | undefined;
  let url = '';
  let pid = 0;

  const read = async (id: string): Promise<TaskResult> =>
    (await (await fetch(`${url}/v0/tasks/${id}`)).json()) as TaskResult;

  /** Runs a task, and probes the agent meanwhile as a kubelet does, only without a pause. */
  const run = async (type: string, params: object): Promise<Cost> => {
    const usual = resetPeak(pid);
    const own = monitorEventLoopDelay({ resolution: 5 });
    own.enable();
    const id = randomUUID();
    const posted = await fetch(`${url}/v0/tasks`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ id, type, params }),
    });
    assert.equal(posted.status, 202, await posted.text());
    let stallMs = 0;
    for (;;) {
      const asked = performance.now();
      const probe = await fetch(`${url}/v0/livez`);
      await probe.text();
      assert.equal(probe.status, 200);
      stallMs = Math.max(stallMs, performance.now() - asked);
      const result = await read(id);
      if (!final.has(result.status)) continue;
      return { result, extraBytes: peakBytes(pid) - usual, stallMs: stallMs - own.max / 1e6 };
    }
  };

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
    launcher = new AgentLauncher(home.root);
    agent = launcher.launch({
      NODETASK_ALLOW_HOST: '127.0.0.1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
    });
    url = `http://127.0.0.1:${String(await agent.port())}`;
    pid = agent.child.pid ?? 0;
    // The SDK is loaded by now, and no transfer has left memory behind that a hostile one could use.
    assert.equal((await restoreFrom('empty')).result.errorCode, 'object-missing');
  });

  after(async () => {
    await launcher[Symbol.asyncDispose]();
    await servers[Symbol.asyncDispose]();
    await removeHome?.();
  });

  const assertBounded = ({ result, extraBytes, stallMs }: Cost, errorCode: string): void => {
    assert.equal(result.status, 'failed');
    assert.equal(result.errorCode, errorCode, String(result.error));
    assert.ok(stallMs < maxStallMs, `probes waited for ${stallMs.toFixed(0)} ms`);
    assert.ok(extraBytes < maxExtraBytes, `it took ${(extraBytes / 1e6).toFixed(0)} MB`);
    assert.ok(peakBytes(pid) < memoryLimitBytes);
    assert.equal(agent.child.exitCode, null, agent.stderr());
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
      for (const { result } of [
        await restoreFrom('honest'),
        await run('configure-genesis', { rpc: `${servers.url}/honest-rpc` }),
      ]) {
        assert.equal(result.status, 'completed', String(result.error));
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
