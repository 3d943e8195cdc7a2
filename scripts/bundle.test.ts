import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import type { SubmitResponse, TaskResult } from '@nodetask/shared';
import { bundle } from './bundle.ts';

/** The bundles as an image has them: in a folder where no package can be found. */

const folder = mkdtempSync(join(tmpdir(), 'nodetask-bundle-'));
const mainOf = (program: string): string => join(folder, program, 'main.js');
const children: ChildProcess[] = [];

before(async () => {
  await bundle('agent', join(folder, 'agent'));
  await bundle('operator', join(folder, 'operator'));
});
after(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true });
});

const launch = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return { child, stdout: child.stdout, stderr: text(child.stderr), ended: once(child, 'close') };
};

test('the bundle of the agent answers, runs a task, and stops on SIGTERM', { timeout: 60_000 }, async () => {
  const home = join(folder, 'home');
  const configFile = join(home, 'config', 'config.toml');
  mkdirSync(join(home, 'config'), { recursive: true });
  writeFileSync(configFile, 'moniker = "old" # kept\n');
  const agent = launch([mainOf('agent')], { NODETASK_HOME: home, NODETASK_LISTEN: '127.0.0.1:0' });
  const listening = Promise.withResolvers<number>();
  createInterface({ input: agent.stdout })
    .on('line', (line) => {
      const entry = JSON.parse(line) as { readonly message: string; readonly port?: number };
      if (entry.message === 'listening' && entry.port !== undefined) listening.resolve(entry.port);
    })
    .on('close', () => {
      listening.reject(new Error('the agent ended before it listened'));
    });
  const url = `http://127.0.0.1:${String(await listening.promise)}/v0`;
  assert.equal((await fetch(`${url}/livez`)).status, 200);

  const submitted = await fetch(`${url}/tasks`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ type: 'config-patch', params: { files: { 'config.toml': { moniker: 'new' } } } }),
  });
  assert.equal(submitted.status, 202);
  const { id } = (await submitted.json()) as SubmitResponse;
  // The stream ends with the task.
  await (await fetch(`${url}/tasks/${id}/watch`)).text();
  const result = (await (await fetch(`${url}/tasks/${id}`)).json()) as TaskResult;
  assert.equal(result.status, 'completed', JSON.stringify(result));
  assert.equal(readFileSync(configFile, 'utf8'), 'moniker = "new" # kept\n');
  const openAPI = await fetch(`${url}/openapi.json`);
  assert.equal(openAPI.headers.get('Content-Type'), 'application/json; charset=utf-8');
  assert.match(await openAPI.text(), /"operationId": "submitTask"/);
  assert.match(await (await fetch(`${url}/metrics`)).text(), /^nodetask_agent_tasks_submitted_total.* 1$/m);

  agent.child.kill('SIGTERM');
  assert.deepEqual(await agent.ended, [0, null], await agent.stderr);
});

test('the bundle of the operator reads a kubeconfig with client-node', { timeout: 60_000 }, async () => {
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, 'apiVersion: v1\nkind: Config\nclusters: []\n');
  const operator = launch([mainOf('operator'), '--kubeconfig', kubeconfig]);
  const output = await text(operator.stdout);
  assert.deepEqual(await operator.ended, [1, null], await operator.stderr);
  assert.match(output, /the current context .* names no cluster/);
});

test('a bundle holds the licences of its packages', () => {
  const licences = readFileSync(join(folder, 'agent', 'LICENCES.txt'), 'utf8');
  assert.match(licences, /^express [\d.]+: MIT\n\n\(The MIT License\)/m);
  assert.match(licences, /^@aws-sdk\/client-ec2 [\d.]+: Apache-2\.0$/m);
});

test('no bundle holds a character that makes V8 take two bytes for each', () => {
  const files = globSync('*/*.js', { cwd: folder });
  assert.ok(files.length > 4);
  for (const file of files) {
    const found = /.{0,40}[\u0100-\uffff].{0,40}/.exec(readFileSync(join(folder, file), 'utf8'));
    assert.equal(found?.[0], undefined, file);
  }
});

test('no bundle holds the parts of zod that nobody uses', () => {
  for (const file of globSync('*/*.js', { cwd: folder })) {
    const unused = readFileSync(join(folder, file), 'utf8').includes('ZodCompileUnsupportedError');
    assert.ok(!unused, `${file}: some source imports { z } from 'zod', and with that all of it; import * as z`);
  }
});
