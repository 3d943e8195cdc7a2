import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePort, OperatorProcess, waitFor } from '@nodetask/testbed';
import { type Answer, type Behaviour, emptyList, HostileAPIServer } from './support/hostile-api-server.ts';
import { longestBlockMs, ProcessMemory } from './support/process-cost.ts';

/** The operator as a process, and an API server that means it no good. Each behaviour begins where the former has ended. */
let server: HostileAPIServer;
let operator: OperatorProcess;
let folder: string;
let memory: ProcessMemory;
/** The most MiB that the operator takes while it lists a large cluster. */
let honest: number;

const namespaces = ['one', 'two', 'three', 'four'];

before(async () => {
  server = await HostileAPIServer.start();
  folder = await mkdtemp(join(tmpdir(), 'hostile-api-server-'));
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'a', cluster: { server: server.url } }],
      users: [{ name: 'a', user: { token: 'token' } }],
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      'current-context': 'a',
    }),
  );
  const agentTokenFile = join(folder, 'token');
  await writeFile(agentTokenFile, 'token');
  operator = new OperatorProcess({
    name: 'operator',
    kubeconfig,
    agentTokenFile,
    healthPort: await freePort(),
    logFile: join(folder, 'operator.log'),
    settings: { leaderElect: false, args: namespaces.flatMap((namespace) => ['--namespace', namespace]) },
  });
  await operator.start();
  memory = new ProcessMemory(operator.process.pid);
  await memory.forget();
  // More than once, as an operator lists that runs for long.
  for (let lists = 1; lists <= 3; lists += 1) {
    server.turn({ list: honestList });
    await waitFor(() => honestLists >= lists * namespaces.length, {
      what: 'lists of a large cluster',
      timeoutMs: 60_000,
    });
  }
  honest = await memory.most();
});

after(async () => {
  await operator.stop();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const mib = 1024 * 1024;
const chunkBytes = 64 * 1024;

/** Everything twice as large as in bytes, once it is a string: a character that is not in Latin-1. */
const wide = '\u0416';

interface Flood {
  readonly first: string;
  readonly next: (index: number) => string;
}

const floods: Readonly<Record<string, Flood>> = {
  'a text without end': { first: `{"x":"${wide}`, next: () => 'x'.repeat(1024) },
  'objects without end': { first: `{"x":"${wide}","items":[`, next: () => '{},'.repeat(300) },
  'objects with ever new keys': {
    first: `{"x":"${wide}","items":[`,
    next: (index) => `{"${index.toString(36).padStart(5, 'x')}":1},`,
  },
  'arrays within arrays without end': { first: `{"x":"${wide}","items":`, next: () => '['.repeat(1024) },
};

/** `bytes` of a flood, made once: while it is made, this process answers nobody. */
const made = ({ first, next }: Flood, bytes: number): readonly Buffer[] => {
  const parts = [first];
  for (let length = first.length, index = 0; length < bytes; index += 1) {
    const part = next(index);
    parts.push(part);
    length += part.length;
  }
  return chunksOf(parts.join(''));
};

const chunksOf = (text: string): readonly Buffer[] => {
  const all = Buffer.from(text);
  return Array.from({ length: Math.ceil(all.length / chunkBytes) }, (_, index) =>
    all.subarray(index * chunkBytes, (index + 1) * chunkBytes),
  );
};

const forEver = function* (chunks: readonly Buffer[]): Generator<Buffer> {
  for (;;) yield* chunks;
};

/** Answers with a flood that nobody reads to its end. */
const flooding = (flood: Flood, status = 200): Answer => {
  const chunks = made(flood, 20 * mib);
  return (response) => {
    response.statusCode = status;
    void server.flood(response, forEver(chunks));
  };
};

/** Lines that are just not too long, one after the other. */
const longLines = ({ next }: Flood): Answer => {
  const first = `{"type":"ADDED","object":{"x":"${wide}","y":[`;
  const body = made({ first, next }, 3.9 * mib);
  const chunks = [...body, Buffer.from(']}}\n')];
  return (response) => {
    void server.flood(response, forEver(chunks));
  };
};

/** A page of a cluster that means no harm, as large as one may be: NodeTasks with what kubectl and server-side apply leave on them. */
const honestPage = (namespace: string, page: number): string => {
  const fields = Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`f:field${String(index)}`, {}]));
  const items = Array.from({ length: 250 }, (_, index) => ({
    metadata: {
      name: `task-${String(index)}`,
      namespace,
      uid: `uid-${String(index)}`,
      resourceVersion: String(page * 1000 + index),
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'x'.repeat(6000) },
      managedFields: [{ manager: 'kubectl', operation: 'Apply', fieldsV1: { 'f:spec': fields, 'f:status': fields } }],
    },
    spec: { type: 'mark-ready', target: { podName: 'sei-0' }, suspend: true },
  }));
  return JSON.stringify({
    metadata: { resourceVersion: '1', ...(page < honestPages ? { continue: String(page + 1) } : {}) },
    items,
  });
};
const honestPages = 5;
let honestLists = 0;

const honestList: Answer = (response, { url, plural }) => {
  if (plural !== 'nodetasks') return emptyList(response, { url, plural });
  const page = Number(url.searchParams.get('continue') ?? 1);
  if (page === honestPages) honestLists += 1;
  return response.end(honestPage(url.pathname.split('/')[5] ?? '', page));
};

/** Has the operator meet a behaviour until `isOver`. @returns what that cost it. */
const meet = async (
  behaviour: Behaviour,
  isOver: () => boolean | Promise<boolean>,
): Promise<{ memoryMiB: number; blockMs: number }> => {
  await memory.forget();
  const over = new AbortController();
  const measured = longestBlockMs(operator.process.pid, `${operator.healthUrl}/healthz`, over.signal);
  server.turn(behaviour);
  try {
    await waitFor(isOver, { what: 'the operator to have met it', timeoutMs: 120_000, intervalMs: 20 });
  } finally {
    over.abort();
  }
  return { memoryMiB: (await memory.most()) - honest, blockMs: await measured };
};

const assertCheap = async (
  t: { diagnostic: (text: string) => void },
  behaviour: Behaviour,
  isOver: () => boolean | Promise<boolean>,
  mostMiB = 64,
) => {
  const { memoryMiB, blockMs } = await meet(behaviour, isOver);
  t.diagnostic(`${memoryMiB.toFixed(0)} MiB more than with a large cluster, ${blockMs.toFixed(0)} ms at a time`);
  assert.ok(memoryMiB < mostMiB, `it took ${memoryMiB.toFixed(0)} MiB`);
  assert.ok(blockMs < 1000, `it answered nobody for ${blockMs.toFixed(0)} ms`);
  assert.ok(operator.process.running);
};

const logSays = async (text: string): Promise<boolean> => (await readFile(operator.logFile, 'utf8')).includes(text);

describe('an API server that', () => {
  for (const [what, flood] of Object.entries(floods)) {
    test(`sends ${what} in place of a list costs the operator little`, async (t) => {
      await assertCheap(t, { list: flooding(flood) }, () => server.cut >= 8);
    });
    test(`sends ${what} with a refusal costs the operator little`, async (t) => {
      await assertCheap(t, { list: flooding(flood, 403) }, () => server.cut >= 8);
    });
    test(`sends ${what} in place of a watch event costs the operator little`, async (t) => {
      await assertCheap(t, { list: emptyList, watch: flooding(flood) }, () => server.cut >= 8);
    });
    test(`sends ${what} in lines that are just not too long costs the operator little`, async (t) => {
      await assertCheap(t, { list: emptyList, watch: longLines(flood) }, () => server.bytes >= 200 * mib);
    });
  }

  let tokens = 0;
  const endlessList =
    (itemsOf: (page: number, namespace: string) => readonly unknown[]): Answer =>
    (response, { url }) => {
      tokens += 1;
      const items = itemsOf(tokens, url.pathname.split('/').at(-2) ?? '');
      response.end(JSON.stringify({ metadata: { resourceVersion: '1', continue: String(tokens) }, items }));
    };

  test('has ever new tokens for ever more pages costs the operator little', async (t) => {
    const nothing = Array.from({ length: 250 }, () => null);
    await assertCheap(t, { list: endlessList(() => nothing) }, async () => logSays('the list has no end'));
  });

  test('has ever more objects costs the operator what its caches may take', async (t) => {
    const text = 'x'.repeat(30_000);
    const objects = (page: number, namespace: string): readonly unknown[] =>
      Array.from({ length: 100 }, (_, index) => ({
        metadata: { name: `n${String(page)}-${String(index)}`, namespace, uid: 'u', resourceVersion: '1' },
        spec: { type: 'mark-ready', target: { podName: 'sei-0' }, params: { text }, suspend: true },
      }));
    const cachesMiB = 160 + 32;
    await assertCheap(
      t,
      { list: endlessList(objects) },
      async () => logSays('there is no room for it'),
      cachesMiB + 64,
    );
  });
});
