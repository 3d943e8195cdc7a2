import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, test } from 'node:test';
import { type ApiErrorBody, headers, type TaskResult } from '@nodetask/shared';
import { post, read, startSilentServer, urlOf } from './support/agent-calls.ts';
import { AgentLauncher } from './support/agent-launcher.ts';

let folder = '';
let launcher: AgentLauncher;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nodetask-crash-'));
  mkdirSync(join(folder, 'config'));
  launcher = new AgentLauncher(folder);
});
afterEach(async () => {
  await launcher[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

test('a task that runs when the agent is killed twice ends as failed at the third start, and other tasks go on', async () => {
  await using silent = await startSilentServer();
  const env = { NODETASK_ALLOW_HOST: silent.host, POD_UID: 'pod-1' };
  const id = randomUUID();
  const schedule = randomUUID();
  for (const number of [1, 2]) {
    const asked = silent.asked();
    const agent = launcher.launch(env);
    const url = await urlOf(agent);
    if (number === 1) {
      await (await post(url, { id: schedule, type: 'mark-ready', async: { schedule: { cron: '0 3 1 1 *' } } })).text();
      const task = { id, type: 'configure-genesis', params: { rpc: `http://${silent.host}` } };
      assert.equal((await post(url, task)).status, 202);
    }
    await asked;
    assert.equal((await read(url, id)).status, 'running', `start ${number}`);
    agent.child.kill('SIGKILL');
    await agent.ended;
  }
  const agent = launcher.launch(env);
  const url = await urlOf(agent);
  const { status, errorCode, retriable, error = '' } = await read(url, id);
  assert.deepEqual([status, errorCode, retriable], ['failed', 'agent-crashed', false]);
  assert.match(error, /crashed 2 times.*memory limit/u);
  assert.deepEqual(
    (
      await agent.line(
        'the agent crashed or was killed; tasks that ran then run again, and fail if they ran in two crashes',
      )
    )['tasks'],
    [id],
  );
  assert.equal((await read(url, schedule)).status, 'running');
  const other = randomUUID();
  assert.equal((await post(url, { id: other, type: 'mark-ready' })).status, 202, 'the lock of one-shots is free');
  await (await fetch(`${url}/v0/tasks/${other}/watch`)).text();
  assert.equal((await read(url, other)).status, 'completed');
});

test('a task that runs when the agent is asked to end, or its pod is replaced, is taken up each time', async () => {
  await using silent = await startSilentServer();
  const id = randomUUID();
  const ends: readonly (readonly [pod: string, signal: NodeJS.Signals])[] = [
    ['pod-1', 'SIGTERM'],
    ['pod-1', 'SIGTERM'],
    ['pod-1', 'SIGTERM'],
    ['pod-1', 'SIGKILL'],
    ['pod-2', 'SIGKILL'],
    ['pod-3', 'SIGKILL'],
  ];
  for (const [number, [pod, signal]] of ends.entries()) {
    const asked = silent.asked();
    const agent = launcher.launch({ NODETASK_ALLOW_HOST: silent.host, POD_UID: pod });
    const url = await urlOf(agent);
    const task = { id, type: 'configure-genesis', params: { rpc: `http://${silent.host}` } };
    if (number === 0) assert.equal((await post(url, task)).status, 202);
    await asked;
    assert.equal((await read(url, id)).status, 'running', `start ${number} in ${pod}`);
    agent.child.kill(signal);
    await agent.ended;
  }
});

test('a journal that is deleted under the agent ends it with a reason, and the next start tells of the loss', async () => {
  const first = launcher.launch();
  const url = await urlOf(first);
  const { id } = (await (await post(url, { type: 'mark-ready' })).json()) as { id: string };
  await (await fetch(`${url}/v0/tasks/${id}/watch`)).text();
  const before = (await first.line('listening'))['journal'];
  const path = join(folder, '.nodetask', 'journal.sqlite');
  for (const name of ['', '-wal']) rmSync(path + name);
  const answer = await post(url, { type: 'mark-ready' });
  assert.equal(answer.status, 503);
  const { code, error } = (await answer.json()) as ApiErrorBody;
  assert.equal(code, 'store-unavailable');
  assert.match(error, /journal\.sqlite was deleted; the agent ends/u);
  assert.equal(await first.ended, 1);
  assert.match(
    first.stderr(),
    /^nodetask-agent: the journal is not on the disk any more: .*journal\.sqlite was deleted[^\n]*\n$/u,
  );
  await first.line('the journal was taken away from under the agent, which ends and begins again with what is there');

  const second = launcher.launch();
  const again = await fetch(`${await urlOf(second)}/v0/healthz`);
  assert.equal(again.status, 503, 'not ready: a new journal');
  assert.notEqual(again.headers.get(headers.journal), before);
  const told = await second.line('the journal was set aside and a new one begins: tasks and readiness are forgotten');
  assert.match(String(told['detail']), new RegExp(`${String(before)} is not there any more`, 'u'));
  const metrics = await (await fetch(`${await urlOf(second)}/v0/metrics`)).text();
  assert.match(metrics, /^nodetask_agent_journal_damage_total\{what="journal"\} 1$/mu);
});

test('a journal that is replaced under the agent is noticed by the next look at its life', async () => {
  const first = launcher.launch();
  const url = await urlOf(first);
  const path = join(folder, '.nodetask', 'journal.sqlite');
  renameSync(path, `${path}.away`);
  assert.equal((await fetch(`${url}/v0/livez`)).status, 503);
  assert.equal(await first.ended, 1);
  assert.equal(existsSync(path), false, 'nothing was written in its place');
});

test('a damaged record costs its task, and the agent starts', async () => {
  const first = launcher.launch();
  const url = await urlOf(first);
  const ids: string[] = [];
  for (let number = 1; number <= 2; number++) {
    const { id } = (await (await post(url, { type: 'mark-ready' })).json()) as { id: string };
    await (await fetch(`${url}/v0/tasks/${id}/watch`)).text();
    ids.push(id);
  }
  first.child.kill('SIGTERM');
  await first.ended;
  const database = new DatabaseSync(join(folder, '.nodetask', 'journal.sqlite'));
  database.prepare("UPDATE tasks SET record = '{broken' WHERE id = ?").run(ids[0] ?? '');
  database.close();

  const second = launcher.launch();
  const again = await urlOf(second);
  const list = (await (await fetch(`${again}/v0/tasks`)).json()) as TaskResult[];
  assert.deepEqual(
    list.map(({ id, errorCode }) => [id, errorCode]),
    [
      [ids[1], undefined],
      [ids[0], 'record-damaged'],
    ],
  );
  assert.equal((await fetch(`${again}/v0/healthz`)).status, 200, 'readiness is not of that record');
  const metrics = await (await fetch(`${again}/v0/metrics`)).text();
  assert.match(metrics, /^nodetask_agent_journal_damage_total\{what="record"\} 1$/mu);
});
