import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { apiErrorSchema, type ApiErrorBody, type NodeTask, type TaskResult } from '@nodetask/shared';
import { type Cluster, startCluster, waitFor } from '@nodetask/testbed';
import type { Reason } from '../src/controller/reasons.ts';
import { answer, type Behaviour, flood, HostileAgent, idOf } from './support/hostile-agent.ts';
import { eventsOf, reasonOf, until, untilFinished } from './support/test-cluster.ts';

/**
 * Agents that do what they like, against the real operator. Each stays as it is until the end of this file, with its task, so that the later ones come on top of
 * the earlier ones; and each time the tasks of an honest agent go on in time.
 */
let cluster: Cluster;
/** Where redirects lead: whoever connects to it went astray. */
let elsewhere: Server;
let strays = 0;
const agents: HostileAgent[] = [];

/** An honest task takes 0.1 s; this is with two cores full of attackers. */
const inTimeMs = 8_000;

before(async () => {
  elsewhere = createServer((socket) => {
    strays += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  cluster = await startCluster({ operator: { leaderElect: false } });
  await cluster.createAgentPod('honest', { labels: { app: 'fleet' } });
});

after(async () => {
  for (const agent of agents) await agent[Symbol.asyncDispose]();
  await new Promise((resolve) => elsewhere.close(resolve));
  await cluster.stop();
});

const startAgent = async (name: string, behaviour: Behaviour, labels = {}): Promise<HostileAgent> => {
  const agent = await HostileAgent.start(cluster, name, behaviour, labels);
  agents.push(agent);
  return agent;
};

const podNameOf = (prefix: string, title: string): string =>
  `${prefix}-${title.replaceAll(/[^a-z0-9]+/g, '-')}`.replace(/-$/, '');

const messageOf = ({ status }: NodeTask): string => status?.conditions?.[0]?.message ?? '';
const hasEnded = (nodeTask: NodeTask): boolean => reasonOf(nodeTask, 'Finished') !== undefined;

let honestTasks = 0;
/** Some tasks of the honest agent, one after the other. */
const honestGoesOn = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) {
    honestTasks += 1;
    const name = `honest-${honestTasks}`;
    const start = performance.now();
    await cluster.applyNodeTask(name, { type: 'mark-ready', target: { podName: 'honest' } });
    const done = await untilFinished(cluster, name, undefined, 60_000);
    const took = performance.now() - start;
    assert.equal(done.status?.phase, 'Succeeded');
    assert.ok(took < inTimeMs, `${name} took ${took.toFixed(0)} ms`);
  }
};

/** What the operator took over from an agent can be printed, and has an end. */
const assertHarmless = ({ status }: NodeTask): void => {
  const { targets, ...rest } = status ?? {};
  const own = { ...rest, targets: targets?.map(({ result: _result, runs: _runs, ...row }) => row) };
  const texts: string[] = [];
  JSON.stringify(own, (_key, value: unknown) => {
    if (typeof value === 'string') texts.push(value);
    return value;
  });
  for (const text of texts) {
    assert.doesNotMatch(text, /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
    assert.ok(text.length <= 1024, `${text.length} characters`);
  }
};

const error = (code: string, message: string, more: Partial<ApiErrorBody> = {}): ApiErrorBody =>
  apiErrorSchema.parse({ error: message, code, retriable: true, ...more });

const nasty =
  '\u001b]0;owned\u0007\u001b[2J\u001b[31mroot\u001b[0m\r\nlevel=error msg="forged"\u2028\u202egnp.exe\u009b';

/** Answers from which nothing can be learned about the task, and what status says of them. */
const mute: Readonly<Record<string, { readonly does: Behaviour; readonly says: RegExp; readonly reason?: Reason }>> = {
  'answers with the id of another task': {
    does: (socket) => {
      answer(socket, 202, { id: randomUUID() });
    },
    says: /^the agent of pod [\w-]+ answers with the id [0-9a-f-]{36} instead of [0-9a-f-]{36}/,
  },
  'answers as another pod': {
    does: (socket, request) => {
      answer(socket, 202, { id: idOf(request) }, { 'X-NodeTask-Pod-UID': `${randomUUID()}${'x'.repeat(1000)}` });
    },
    says: /another pod answers at its address \(UID [0-9a-f-]{36}x+…\)/,
  },
  'never answers': {
    does: () => undefined,
    says: /^the agent of pod [\w-]+ at [\d.]+:\d+ took the call and did not answer within 10 s/,
  },
  'answers with a byte a second': {
    does: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
      const timer = setInterval(() => socket.write(' '), 1_000);
      socket.on('close', () => {
        clearInterval(timer);
      });
    },
    says: /^the agent of pod [\w-]+ at [\d.]+:\d+ took the call and did not answer within 10 s/,
  },
  'sends its headers byte by byte': {
    does: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nx: ');
      const timer = setInterval(() => socket.write('x'), 500);
      socket.on('close', () => {
        clearInterval(timer);
      });
    },
    says: /^the agent of pod [\w-]+ at [\d.]+:\d+ took the call and did not answer within 10 s/,
  },
  'sends a body without end': {
    does: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      flood(socket, `10000\r\n${'x'.repeat(0x10000)}\r\n`);
    },
    says: /^the call to the agent of pod [\w-]+ at [\d.]+:\d+ failed: more than 131072 bytes came/,
  },
  'announces terabytes': {
    does: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n');
      flood(socket, 'x'.repeat(0x10000));
    },
    says: /^the call to the agent of pod [\w-]+ at [\d.]+:\d+ failed: more than 131072 bytes came/,
  },
  'sends one header without end': {
    does: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nx: ');
      flood(socket, 'x'.repeat(0x10000));
    },
    says: /Headers Overflow/,
  },
  'sends headers without end': {
    does: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      flood(socket, 'x: y\r\n'.repeat(0x2000));
    },
    says: /Headers Overflow/,
  },
  'sends extensions of a chunk without end': {
    does: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;');
      flood(socket, 'x'.repeat(0x10000));
    },
    says: /^the call to the agent of pod .* failed: |took the call and did not answer within 10 s/,
  },
  'sends interim answers without end': {
    does: (socket) => {
      flood(socket, 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(1000));
    },
    says: /more than 4 answers with the status 103/,
  },
  'says "continue" without end': {
    does: (socket) => {
      flood(socket, 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000));
    },
    says: /bad response/,
  },
  'switches protocols': {
    does: (socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n');
    },
    says: /bad upgrade/,
  },
  'is no HTTP server': {
    does: (socket) => {
      socket.write(Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919) % 256)));
    },
    says: /^the (call to the )?agent of pod [\w-]+ at [\d.]+:\d+ (failed: |closed the connection before it had answered)/,
  },
  'hangs up': {
    does: (socket) => {
      socket.destroy();
    },
    says: /^the (call to the )?agent of pod [\w-]+ at [\d.]+:\d+ (failed: |closed the connection before it had answered)/,
  },
  'hangs up in the middle of its answer': {
    does: (socket) => {
      socket.end('HTTP/1.1 202 Accepted\r\ncontent-length: 100\r\n\r\n{"id":');
    },
    says: /^the (call to the )?agent of pod [\w-]+ at [\d.]+:\d+ (failed: |closed the connection before it had answered)/,
  },
  'sends a decompression bomb': {
    does: (socket) => {
      const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`,
      );
      socket.write(bomb);
    },
    says: / with what is no answer of the agent API/,
  },
  'answers in JSON that nests without end': {
    does: (socket) => {
      answer(socket, 200, '['.repeat(100_000));
    },
    says: / with what is no answer of the agent API/,
  },
  'answers with a page of a proxy': {
    does: (socket) => {
      answer(socket, 502, `<html>${nasty}</html>`, { 'content-type': 'text/html' });
    },
    says: /^what answers in place of the agent of pod .* is no agent: HTTP 502 without an error of the agent API/,
  },
  'takes no token': {
    does: (socket) => {
      answer(socket, 401, error('unauthorized', `no: ${nasty}`, { retriable: false }));
    },
    says: /^the agent of pod [\w-]+ at [\d.]+:\d+ does not let the operator in: no/,
    reason: 'AgentUntrusted',
  },
  'says that another operator leads': {
    does: (socket) => {
      answer(socket, 409, error('fenced', 'the fence 0 is lower than 9007199254740991'));
    },
    says: /^the agent of pod [\w-]+ refuses this operator as one that leads no more .*, but the Lease says that this one leads/,
    reason: 'AgentUnable',
  },
  'asks for a pause of a day': {
    does: (socket) => {
      answer(socket, 503, error('stopping', 'later'), { 'retry-after': 86_400 });
    },
    says: /^the agent of pod [\w-]+ at [\d.]+:\d+ cannot work now \([\w-]+\): later/,
    reason: 'AgentUnable',
  },
};

describe('an agent that', { concurrency: 6, timeout: 600_000 }, () => {
  let number = 0;
  for (const [title, { does, says, reason = 'AgentUnreachable' }] of Object.entries(mute)) {
    test(`${title} has its own task wait, and no other`, async () => {
      number += 1;
      const name = `hostile-${number}`;
      const agent = await startAgent(name, does);
      await cluster.applyNodeTask(name, { type: 'mark-ready', target: { podName: name } });
      await agent.untilCalled();
      await honestGoesOn();
      const waiting = await until(
        cluster,
        name,
        'to wait for its agent',
        (nodeTask) => reasonOf(nodeTask, 'Reconciling') === reason,
        60_000,
      );
      assert.match(messageOf(waiting), says);
      assertHarmless(waiting);
    });
  }

  for (const status of [301, 302, 303, 307, 308]) {
    test(`redirects by ${status} leads the operator nowhere`, async () => {
      const address = elsewhere.address() as { readonly port: number };
      const places = [
        `http://127.0.0.1:${address.port}/`,
        cluster.controlPlane.server,
        `http://127.0.0.1:${address.port}/latest/meta-data/`,
      ];
      for (const [index, location] of places.entries()) {
        const name = `redirecting-${status}-${index}`;
        await startAgent(name, (socket) => {
          answer(socket, status, '', { location });
        });
        await cluster.applyNodeTask(name, { type: 'mark-ready', target: { podName: name } });
        const waiting = await until(
          cluster,
          name,
          'to wait for its agent',
          (nodeTask) => reasonOf(nodeTask, 'Reconciling') === 'AgentUnreachable',
          60_000,
        );
        assert.match(messageOf(waiting), new RegExp(`HTTP ${status} without an error of the agent API`));
      }
      assert.equal(strays, 0);
    });
  }
});

/** It accepts whatever it is sent, and says this when it is asked. */
const telling =
  (said: (id: string) => unknown): Behaviour =>
  (socket, request) => {
    const id = idOf(request);
    if (request.method === 'POST') answer(socket, 202, { id });
    else if (request.method === 'DELETE') answer(socket, 204, '');
    else answer(socket, 200, said(id));
  };

/** The container of the agent was started again: the operator asks at once what became of the task. */
const restart = async (name: string): Promise<void> => {
  const containerStatuses = [
    { name: 'agent', image: 'x', imageID: 'x', ready: true, restartCount: 1, state: { running: {} } },
  ];
  await cluster.admin.request({
    method: 'PATCH',
    path: `/api/v1/namespaces/${cluster.namespace}/pods/${name}/status`,
    body: { status: { containerStatuses } },
    contentType: 'application/merge-patch+json',
  });
};

/** What it tells. */
const told = (id: string, changes: Partial<TaskResult>): unknown => ({
  id,
  type: 'mark-ready',
  status: 'failed',
  submittedAt: '2026-11-24T10:00:00.000Z',
  completedAt: '2026-11-24T10:00:00.000Z',
  run: 1,
  ...changes,
});

/** Has it run a task, and asked about it at once. */
const run = async (name: string, said: (id: string) => unknown, spec: object = {}): Promise<HostileAgent> => {
  const agent = await startAgent(name, telling(said));
  await cluster.applyNodeTask(name, { type: 'mark-ready', target: { podName: name }, ...spec });
  await until(cluster, name, 'to run', ({ status }) => status?.phase === 'Running');
  await restart(name);
  return agent;
};

describe('an agent that lies about its task', { concurrency: 4, timeout: 600_000 }, () => {
  test('in control characters, at great length: status, events and metrics stay clean', async () => {
    const name = 'nasty';
    await run(name, (id) => told(id, { error: `${nasty}${'x'.repeat(100_000)}`, errorCode: nasty }));
    const done = await until(cluster, name, 'to end', hasEnded, 60_000);
    assert.equal(done.status?.phase, 'Failed');
    assertHarmless(done);
    const events = await waitFor(
      async () => {
        const found = await eventsOf(cluster, name);
        return found.some(({ reason }) => reason === 'Failed') ? found : undefined;
      },
      { what: 'the event Failed', timeoutMs: 30_000 },
    );
    for (const { note } of events) assert.doesNotMatch(note, /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
    for (const args of [
      ['get', 'nodetasks', '-o', 'wide'],
      ['describe', 'nodetask', name],
      ['get', 'events'],
    ]) {
      const { stdout, code } = await cluster.controlPlane.kubectl([...args, '-n', cluster.namespace]);
      assert.equal(code, 0);
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(stdout, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/u, args.join(' '));
    }
    await honestGoesOn();
  });

  const absurd: Readonly<Record<string, (id: string) => unknown>> = {
    'with megabytes': (id) => told(id, { output: { x: 'x'.repeat(3_000_000) } }),
    'of another task': () => told(randomUUID(), { status: 'completed' }),
    'of another type of thing': () => ({ kind: 'Secret' }),
    'with a negative run': (id) => told(id, { run: -1 }),
    'with a time that never was': (id) => told(id, { completedAt: '2026-02-30T25:61:00Z' }),
    'with a status of its own': (id) => told(id, { status: 'succeeded' as TaskResult['status'] }),
    'as a list': (id) => [told(id, {})],
  };
  for (const [title, said] of Object.entries(absurd)) {
    test(`${title}: that is no word about it`, async () => {
      const name = podNameOf('absurd', title);
      await run(name, said);
      const waiting = await until(
        cluster,
        name,
        'to wait for its agent',
        (nodeTask) => reasonOf(nodeTask, 'Reconciling') === 'AgentUnreachable',
        60_000,
      );
      assertHarmless(waiting);
      await honestGoesOn();
    });
  }

  const odd: Readonly<Record<string, (id: string) => unknown>> = {
    'that nests a hundred thousand deep': (id) =>
      JSON.stringify(told(id, { status: 'completed', output: { x: 0 } })).replace(
        '"x":0',
        `"x":${'['.repeat(50_000)}${']'.repeat(50_000)}`,
      ),
    'with __proto__ in it': (id) =>
      JSON.stringify(told(id, { status: 'completed' })).replace(
        '{',
        '{"__proto__":{"polluted":true},"output":{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}},',
      ),
    'from the end of time': (id) =>
      told(id, { status: 'completed', completedAt: '9999-12-31T23:59:59.999Z', nextRunAt: '0001-01-01T00:00:00Z' }),
  };
  for (const [title, said] of Object.entries(odd)) {
    test(`${title}: it counts for its own task, and does nothing else`, async () => {
      const name = podNameOf('odd', title);
      await run(name, said);
      const done = await until(cluster, name, 'to end', hasEnded, 60_000);
      assert.equal(done.status?.phase, 'Succeeded');
      assertHarmless(done);
      await honestGoesOn();
    });
  }

  test('accepting it and never running it: it fails when its time is over, and the operator has it stopped', async () => {
    const name = 'idle';
    const agent = await run(name, (id) => told(id, { status: 'running', completedAt: undefined }), {
      timeoutSeconds: 1,
    });
    await honestGoesOn();
    const done = await until(cluster, name, 'to end', hasEnded, 120_000);
    assert.equal(reasonOf(done, 'Failed'), 'TimedOut');
    assert.ok(agent.requests.some(({ method }) => method === 'DELETE'));
  });

  test('forgetting it each time it is asked: it is asked now and then, not in a hurry', async () => {
    const name = 'forgetful';
    const agent = await startAgent(name, (socket, request) => {
      if (request.method === 'POST') answer(socket, 202, { id: idOf(request) });
      else answer(socket, 404, error('not-found', 'no such task', { retriable: false }));
    });
    await cluster.applyNodeTask(name, { type: 'mark-ready', target: { podName: name } });
    await agent.untilCalled();
    await honestGoesOn();
    assert.ok(agent.requests.length < 20, `${agent.requests.length} calls`);
  });

  test('busy with what has ended, another task each time: it is asked once a second at most', async () => {
    const name = 'busy';
    const start = performance.now();
    const agent = await startAgent(name, (socket) => {
      const ref = { namespace: cluster.namespace, name: 'no-such-nodetask', uid: 'x', maxResultBytes: 2048 };
      const blockedBy = { id: randomUUID(), type: nasty, ref };
      answer(socket, 409, error('busy', nasty, { details: { blockedBy } }), { 'retry-after': 0 });
    });
    await cluster.applyNodeTask(name, { type: 'mark-ready', target: { podName: name } });
    const queued = await until(cluster, name, 'to queue', ({ status }) => status?.phase === 'Queued');
    assertHarmless(queued);
    await honestGoesOn();
    await agent.untilCalled(5);
    const seconds = (performance.now() - start) / 1000;
    assert.ok(agent.requests.length < 10 + 5 * seconds, `${agent.requests.length} calls in ${seconds.toFixed(0)} s`);
  });

  test('refusing it under codes that it makes up: they do not become labels of metrics', async () => {
    for (let i = 0; i < 5; i++) {
      const name = `making-up-${i}`;
      await startAgent(name, (socket) => {
        answer(socket, 400, error(`made-up-${i}-"${nasty}`, nasty, { retriable: false }));
      });
      await cluster.applyNodeTask(name, { type: 'mark-ready', target: { podName: name } });
      assertHarmless(await until(cluster, name, 'to end', hasEnded));
    }
    const metrics = await cluster.operator.metrics();
    assert.match(metrics, /nodetask_operator_agent_requests_total\{method="POST",outcome="refused"\} \d/);
    assert.doesNotMatch(metrics, /made-up/);
  });
});

const phaseOf = ({ status }: NodeTask, pod: string): string | undefined =>
  status?.targets?.find((row) => row.pod === pod)?.phase;

describe('hostile agents', { timeout: 600_000 }, () => {
  test('that never answer, with forty tasks each, take no worker from the others', async () => {
    const behaviours: readonly Behaviour[] = [
      () => undefined,
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
      },
    ];
    for (const [index, does] of behaviours.entries()) {
      const name = `crowded-${index}`;
      const agent = await startAgent(name, does);
      for (let i = 0; i < 40; i++) {
        await cluster.applyNodeTask(`${name}-${i}`, {
          type: 'config-validate',
          target: { podName: name },
          async: { schedule: { cron: '0 3 * * *' } },
        });
      }
      await agent.untilCalled();
    }
    for (let i = 0; i < 5; i++) await honestGoesOn();
  });

  test('beside an honest one in the same NodeTask: its row is done in time, and theirs wait', async () => {
    for (let i = 0; i < 4; i++) await startAgent(`fleet-${i}`, () => undefined, { app: 'fleet' });
    await cluster.applyNodeTask('fleet', {
      type: 'mark-ready',
      target: { selector: { matchLabels: { app: 'fleet' } } },
      strategy: { maxParallel: 5 },
    });
    const start = performance.now();
    const partly = await until(
      cluster,
      'fleet',
      'to be done where it is honest',
      (nodeTask) => phaseOf(nodeTask, 'honest') === 'Succeeded',
    );
    assert.ok(performance.now() - start < inTimeMs);
    for (let i = 0; i < 4; i++) assert.equal(phaseOf(partly, `fleet-${i}`), 'Pending');
  });

  test('are called where a NodeTask targets them, and nowhere else; pods without the label never are', async () => {
    const unlabelled = await startAgent('unlabelled', () => undefined, { 'nodetask.dev/agent': 'disabled' });
    const untargeted = await startAgent('untargeted', () => undefined, { app: 'others' });
    await cluster.applyNodeTask('at-unlabelled', {
      type: 'mark-ready',
      target: { podName: 'unlabelled', waitSeconds: 1 },
    });
    await cluster.applyNodeTask('at-nobody', {
      type: 'mark-ready',
      target: { selector: { matchLabels: { app: 'nobody' } }, waitSeconds: 1 },
    });
    assert.equal(reasonOf(await until(cluster, 'at-unlabelled', 'to end', hasEnded), 'Failed'), 'NoAgent');
    await until(cluster, 'at-nobody', 'to end', hasEnded);
    assert.deepEqual([...unlabelled.requests, ...untargeted.requests], []);
  });

  test('have ended nothing: the operator is the one that was started, and has not grown', async () => {
    assert.equal(cluster.operator.starts, 1);
    const status = await readFile(`/proc/${cluster.operator.process.pid}/status`, 'utf8');
    const rss = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
    // Three quarters of what the chart gives it.
    assert.ok(rss < 384, `${rss.toFixed(0)} MiB`);
    const log = await readFile(cluster.operator.logFile, 'utf8');
    for (const line of log.split('\n')) {
      assert.ok(line.length <= 16 * 1024, 'a line of the log has its end');
      assert.doesNotMatch(line, /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
    }
    assert.doesNotMatch(log, /Bearer [\x21-\x7e]/);
  });
});
