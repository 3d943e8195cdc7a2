import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { type Cluster, freePort, startCluster } from '@nodetask/testbed';
import { AgentClient } from '../src/agents/agent-client.ts';
import { AgentError, type AgentErrorKind } from '../src/agents/agent-error.ts';
import { AgentHTTP } from '../src/agents/agent-http.ts';
import { type AgentPod, toAgentPod } from '../src/agents/agent-pod.ts';
import { AgentToken } from '../src/agents/agent-token.ts';
import { SilentSource } from './support/silent-source.ts';

/** The client of the agent API with a real agent. */
let cluster: Cluster;
let source: SilentSource;
let pod: AgentPod;
const { signal } = new AbortController();

before(async () => {
  cluster = await startCluster({ operator: false });
  source = await SilentSource.start();
  await cluster.createAgentPod('sei-0', { allowHosts: ['127.0.0.1'] });
  pod = toAgentPod(await cluster.admin.get(`/api/v1/namespaces/${cluster.namespace}/pods/sei-0`));
});

after(async () => {
  await source[Symbol.asyncDispose]();
  await cluster.stop();
});

const withClient = async (
  options: { readonly fence?: number; readonly tokenFile?: string; readonly timeoutMs?: number },
  use: (client: AgentClient, calls: readonly string[]) => Promise<void>,
): Promise<void> => {
  const calls: string[] = [];
  const http = new AgentHTTP({
    token: new AgentToken(options.tokenFile ?? cluster.agentTokenFile, systemClock),
    fence: { value: options.fence ?? 5 },
    clock: systemClock,
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    onCall: (method, outcome) => calls.push(`${method} ${outcome}`),
  });
  try {
    await use(new AgentClient(http), calls);
  } finally {
    await http.close();
  }
};

const fails = (kind: AgentErrorKind, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AgentError, String(error));
  assert.equal(error.kind, kind);
  assert.match(error.message, message);
  return true;
};

const elsewhere = (changes: Partial<AgentPod>): AgentPod => ({ ...pod, ...changes });

test('a task is submitted, repeated, read and removed, and its id is gone then', async () => {
  await withClient({}, async (client, calls) => {
    const request = { id: randomUUID(), type: 'mark-ready' };
    await client.submit(pod, request, signal);
    await client.submit(pod, request, signal);
    assert.equal((await client.read(pod, request.id, signal)).id, request.id);
    assert.deepEqual(await client.remove(pod, request.id, signal), { stopped: true });
    await assert.rejects(client.read(pod, request.id, signal), fails('missing', new RegExp(request.id)));
    await assert.rejects(client.submit(pod, request, signal), fails('gone', /removed/i));
    assert.deepEqual(calls, ['POST 202', 'POST 202', 'GET 200', 'DELETE 204', 'GET not-found', 'POST gone']);
  });
});

test('a busy agent says who is in the way, and removal stops that', async () => {
  await withClient({}, async (client) => {
    const blocker = { id: randomUUID(), type: 'configure-genesis', params: { rpc: source.url } };
    await client.submit(pod, blocker, signal);
    await source.connected();
    await assert.rejects(client.submit(pod, { id: randomUUID(), type: 'mark-ready' }, signal), (error) => {
      assert.ok(error instanceof AgentError);
      assert.equal(error.kind, 'busy');
      assert.equal(error.blockedBy?.id, blocker.id);
      return true;
    });
    for (let removal = await client.remove(pod, blocker.id, signal); !removal.stopped;) {
      removal = await client.remove(pod, blocker.id, signal);
    }
  });
});

test('wrong params are refused, with each fault', async () => {
  await withClient({}, async (client) => {
    const request = { id: randomUUID(), type: 'config-patch', params: { files: 7 } };
    await assert.rejects(client.submit(pod, request, signal), fails('refused', /files/));
  });
});

test('a lower fence than the agent has seen is refused: this operator leads no more', async () => {
  await withClient({ fence: 6 }, async (client) => {
    await client.remove(pod, randomUUID(), signal);
  });
  await withClient({ fence: 5 }, async (client) => {
    await assert.rejects(client.remove(pod, randomUUID(), signal), fails('fenced', /fence/i));
    // Reading needs no leadership.
    await assert.rejects(client.read(pod, randomUUID(), signal), fails('missing', /./));
  });
});

test('a token that is wrong says nothing about the task; one that was rotated is read again at once', async () => {
  const tokenFile = join(cluster.controlPlane.folder, 'rotated-token');
  await writeFile(tokenFile, 'wrong\n');
  await withClient({ fence: 6, tokenFile }, async (client) => {
    const id = randomUUID();
    await assert.rejects(client.read(pod, id, signal), fails('silent', /token/i));
    await writeFile(tokenFile, `${cluster.agentToken}\n`);
    await assert.rejects(client.read(pod, id, signal), fails('missing', /./));
    await writeFile(tokenFile, '\n');
  });
  await withClient({ tokenFile }, async (client) => {
    await assert.rejects(client.read(pod, randomUUID(), signal), fails('silent', /rotated-token holds no token/));
  });
});

test('no agent at the address, a silent one, another pod: each is silence with its reason', async () => {
  const port = await freePort();
  const silentPort = Number(new URL(source.url).port);
  await withClient({ fence: 6, timeoutMs: 300 }, async (client) => {
    const id = randomUUID();
    const refusing = elsewhere({ address: { host: '127.0.0.1', port } });
    await assert.rejects(
      client.read(refusing, id, signal),
      fails(
        'silent',
        new RegExp(
          `^the agent of pod sei-0 at 127\\.0\\.0\\.1:${port} refuses the connection \\(ECONNREFUSED\\): nothing listens there`,
        ),
      ),
    );
    const silent = elsewhere({ address: { host: '127.0.0.1', port: silentPort } });
    await assert.rejects(
      client.read(silent, id, signal),
      fails(
        'silent',
        new RegExp(
          `^the agent of pod sei-0 at 127\\.0\\.0\\.1:${silentPort} took the call and did not answer within 0\\.3 s`,
        ),
      ),
    );
    const other = elsewhere({ metadata: { ...pod.metadata, uid: randomUUID() } });
    await assert.rejects(client.read(other, id, signal), fails('silent', /another pod answers/));
  });
});

test('an abort ends a call with its reason', async () => {
  await withClient({}, async (client) => {
    const silent = elsewhere({ address: { host: '127.0.0.1', port: Number(new URL(source.url).port) } });
    const abort = new AbortController();
    const reading = client.read(silent, randomUUID(), abort.signal);
    abort.abort(new Error('enough'));
    await assert.rejects(reading, /^Error: enough$/);
  });
});
