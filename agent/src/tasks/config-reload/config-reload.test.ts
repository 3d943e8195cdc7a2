import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { ToldReport } from '../../engine/task-handler.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { historyKeys } from '../config/history-loss.ts';
import { registry } from '../config/registry.ts';
import { runTask } from '../testing/run-task.ts';
import { makeSeiHome, readConfigFile, testHost } from '../testing/sei-home.ts';
import { configReload } from './config-reload.ts';
import { procProcessTable } from './process-table.ts';

const reload = (home: NodeHome, params: unknown): Promise<ToldReport> =>
  runTask('config-reload', configReload(home, testHost, procProcessTable()), params);

/** A process with a program name of its own: a copy of cat, which waits for its input until a signal or the end of this test ends it. */
const startNamed = async (t: TestContext, home: NodeHome, name: string): Promise<ChildProcess> => {
  const folder = await mkdtemp(join(home.root, 'program-'));
  await copyFile('/bin/cat', join(folder, name));
  const child = spawn(join(folder, name), { stdio: ['pipe', 'ignore', 'inherit'] });
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await once(child, 'spawn');
  return child;
};

const uniqueName = (): string => `nt-${crypto.randomUUID().slice(0, 8)}`;

describe('config-reload', () => {
  test('writes keys that can change while the node runs, and signals nobody by itself', async (t) => {
    const home = await makeSeiHome(t);
    const before = await readConfigFile(home, 'config.toml');
    const report = await reload(home, {
      fields: { 'logging.level': 'debug', 'network.rpc.cors_allowed_origins': 'a,b' },
    });
    assert.deepEqual(report, {
      outcome: 'changed',
      message: 'log-level info \u2192 debug, rpc.cors-allowed-origins changed (hidden)',
      numbers: { changes: 2 },
      output: {
        registryVersion: 'v0.0.27',
        changes: [
          { file: 'config.toml', key: 'log-level', from: 'info', to: 'debug' },
          { file: 'config.toml', key: 'rpc.cors-allowed-origins', from: '(hidden)', to: '(hidden)' },
        ],
        diagnostics: [],
      },
    });
    assert.equal(
      await readConfigFile(home, 'config.toml'),
      before
        .replace('log-level = "info"', 'log-level = "debug"')
        .replace('cors-allowed-origins = []', 'cors-allowed-origins = ["a", "b"]'),
    );
    assert.equal((await reload(home, { fields: { 'logging.level': 'debug' } })).outcome, 'unchanged');
  });

  test('cannot reach a key that says how much history the node keeps', () => {
    const paths = new Set(historyKeys.map((path) => path.join('.')));
    const reached = [...registry().values()].filter(({ tomlPath = '' }) => paths.has(tomlPath));
    assert.equal(reached.length, historyKeys.length);
    assert.deepEqual(
      reached.filter(({ hotReload }) => hotReload === true),
      [],
    );
  });

  test('refuses other keys at submit, and lists them and what can change', async (t) => {
    const home = await makeSeiHome(t);
    await assert.rejects(
      reload(home, { fields: { 'evm.http_port': '1', 'chain.moniker': 'x', 'logging.level': 'x' } }),
      { code: 'not-hot-reloadable', message: /fields: chain\.moniker, evm\.http_port cannot change.*logging\.level/ },
    );
    await assert.rejects(reload(home, { fields: { nonsense: '1' } }), { code: 'override-invalid' });
    await assert.rejects(reload(home, { fields: { 'mempool.size': '-1' } }), { code: 'config-invalid' });
  });

  test('signals the one process with the name, also where nothing changes', async (t) => {
    const home = await makeSeiHome(t);
    const name = uniqueName();
    for (const [said, changes] of [
      ['log-level info \u2192 debug', [{ file: 'config.toml', key: 'log-level', from: 'info', to: 'debug' }]],
      ['config.toml and app.toml say already what the params ask for', []],
    ] as const) {
      const child = await startNamed(t, home, name);
      const exit = once(child, 'exit');
      const report = await reload(home, {
        fields: { 'logging.level': 'debug' },
        signal: { process: name, name: 'SIGUSR1' },
      });
      assert.equal(report.outcome, 'changed');
      assert.equal(report.message, `${said}; sent SIGUSR1 to ${name} (pid ${String(child.pid)})`);
      assert.deepEqual([report.output?.['pid'], report.output?.['changes']], [child.pid, changes]);
      assert.deepEqual(await exit, [null, 'SIGUSR1']);
    }
  });

  test('none or two of the name: no signal, nothing written, a retriable error', async (t) => {
    const home = await makeSeiHome(t);
    const name = uniqueName();
    const before = await readConfigFile(home, 'config.toml');
    const params = { fields: { 'logging.level': 'debug' }, signal: { process: name, name: 'SIGHUP' } };
    await assert.rejects(reload(home, params), {
      code: 'process-not-found',
      retriable: true,
      message: new RegExp(`no process named ${name}`),
    });
    const first = await startNamed(t, home, name);
    const second = await startNamed(t, home, name);
    await assert.rejects(reload(home, params), {
      message: new RegExp(`2 processes \\(pids (?:${first.pid}, ${second.pid}|${second.pid}, ${first.pid})\\)`),
    });
    assert.equal(await readConfigFile(home, 'config.toml'), before);
  });

  test('does not find itself, and finds long names by what the kernel keeps of them', async (t) => {
    const home = await makeSeiHome(t);
    const table = procProcessTable();
    const own = (await readFile('/proc/self/comm', 'utf8')).trim();
    assert.ok(!(await table.find(own)).includes(process.pid));
    const name = `${uniqueName()}-with-a-long-name`;
    const child = await startNamed(t, home, name);
    assert.deepEqual(await table.find(name), [child.pid]);
  });
});
