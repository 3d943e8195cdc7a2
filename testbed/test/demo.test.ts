import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { toolEnvironment } from '../src/config.ts';

const DEMO = join(import.meta.dirname, '..', 'demo', 'demo.ts');

interface DemoRun {
  readonly lines: readonly string[];
  readonly exit: readonly unknown[];
  /** Where all its temp folders were. */
  readonly folder: string;
}

/** Runs the demo with a temp folder of its own, to its end. */
const runDemo = async (
  t: TestContext,
  onLine: (line: string, child: ChildProcess, folder: string) => void = () => undefined,
): Promise<DemoRun> => {
  const folder = await mkdtemp(join(tmpdir(), 'demo-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const child = spawn(process.execPath, ['--conditions=nodetask-source', DEMO], {
    env: toolEnvironment({ TMPDIR: folder }),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    onLine(line, child, folder);
  }
  return { lines, exit: await exited, folder };
};

/** Every process that was started with the folder in its arguments or environment, or works in it. */
const processesIn = async (folder: string): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    // A process may end at any moment, and others' environment is not readable.
    const read = async (file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    const texts = [await read('cmdline'), await read('environ'), cwd];
    if (texts.some((text) => text.includes(folder))) found.push(`${pid} ${texts[0]?.replaceAll('\0', ' ')}`);
  }
  return found;
};

const foldersIn = async (folder: string): Promise<readonly string[]> => {
  const roots = (await readdir(folder)).filter((name) => name.startsWith('nodetask-testbed-'));
  assert.equal(roots.length, 1, 'it has used the temp folder that it was given');
  return (await Promise.all(roots.map(async (root) => readdir(join(folder, root))))).flat();
};

test('npm run demo: all comes out as expected, and nothing is left', { timeout: 240_000 }, async (t) => {
  const { lines, exit, folder } = await runDemo(t);
  const text = lines.join('\n');
  assert.deepEqual(exit, [0, null], text);
  assert.match(text, /^All came out as expected; \d+ s in all/m);
  const summary = lines.slice(lines.findIndex((line) => line.startsWith('── Summary')));
  for (const wanted of [
    /^✔ configure-genesis-wrong-chain .* failed as it should/,
    /^✔ schedule-cron .* run 1 completed/,
    /^✔ nightly-snapshots-upload .* nodetask-demo-2\/\d+\.tar\.zst/,
    /^✔ the restored snapshot .* of both homes is equal/,
    /^✔ the new node's state .* 3 commands have made the state of height \d+/,
    /^✔ the new node .* its first block is \d+, after the snapshot; it follows .* the blocks and the supply of coins/,
    /^✔ the exported pages .* without a gap/,
    /^✔ export-results, cancelled .* Cancelled/,
  ]) {
    assert.ok(
      summary.some((line) => wanted.test(line)),
      `no line of the summary is ${wanted}:\n${summary.join('\n')}`,
    );
  }
  assert.equal(summary.filter((line) => line.startsWith('✔ ')).length, 20, summary.join('\n'));
  assert.deepEqual(await foldersIn(folder), []);
  assert.deepEqual(await processesIn(folder), []);
});

test('Ctrl-C in the middle of it stops and removes everything', { timeout: 120_000 }, async (t) => {
  let running: Promise<readonly string[]> | undefined;
  const { lines, exit, folder } = await runDemo(t, (line, child, inFolder) => {
    if (running !== undefined || !line.endsWith('config-patch created')) return;
    running = processesIn(inFolder);
    const interrupt = (): void => {
      // npm's scripts hand on one Ctrl-C more than once.
      child.kill('SIGINT');
      child.kill('SIGINT');
    };
    running.then(interrupt, interrupt);
  });
  const before = (await running)?.join('\n') ?? '';
  for (const program of ['etcd', 'kube-apiserver', 'cometbft', 'sdk-node', 'versitygw', 'agent/src', 'operator/src']) {
    assert.ok(before.includes(program), `${program} is not among the processes that the demo has started:\n${before}`);
  }
  assert.deepEqual(exit, [130, null], lines.join('\n'));
  assert.match(lines.at(-1) ?? '', /^Stopped by SIGINT, everything is removed/);
  assert.deepEqual(await foldersIn(folder), []);
  assert.deepEqual(await processesIn(folder), []);
});
