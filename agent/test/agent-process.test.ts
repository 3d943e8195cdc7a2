import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { registryVersion } from '../src/tasks/config/registry.ts';
import { post, read, startSilentServer, urlOf } from './support/agent-calls.ts';
import { AgentLauncher, agentMain, type LaunchedAgent } from './support/agent-launcher.ts';

let folder = '';
let launcher: AgentLauncher;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nodetask-agent-'));
  launcher = new AgentLauncher(folder);
});
afterEach(async () => {
  await launcher[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const launch = (env: Readonly<Record<string, string>> = {}): LaunchedAgent => launcher.launch(env);

test('SIGTERM: running work is aborted and journalled, the process ends with 0, the next start tells of it', async () => {
  await using silent = await startSilentServer();
  mkdirSync(join(folder, 'config'));
  const env = { NODETASK_ALLOW_HOST: silent.host, NODETASK_GRACE_SECONDS: '10' };
  const first = launch(env);
  const url = await urlOf(first);
  const id = randomUUID();
  const asked = silent.asked();
  const accepted = await post(url, { id, type: 'configure-genesis', params: { rpc: `http://${silent.host}` } });
  assert.equal(accepted.status, 202, await accepted.text());
  await asked;
  const stopped = performance.now();
  first.child.kill('SIGTERM');
  assert.equal(await first.ended, 0, first.stderr());
  assert.ok(performance.now() - stopped < 9000, 'within the grace time');
  await first.line('stopped');

  const second = launch(env);
  const { status } = await read(await urlOf(second), id);
  assert.ok(status === 'running' || status === 'failed', 'run again, or failed-retriable, as the handler declares');
  second.child.kill('SIGTERM');
  assert.equal(await second.ended, 0);
});

test('a home that is missing is made; each first task works in it, or says what has to run before', async () => {
  const home = join(folder, 'new');
  const agent = launch({ NODETASK_HOME: home, SEI_HOME: '/a-value', SEI_CHAIN_ID: 'a-value', SEI_X: 'a-value' });
  const url = await urlOf(agent);
  const peer = `${'0123456789'.repeat(4)}@198.51.100.7:26656`;
  const run = async (type: string, params: object = {}) => {
    const accepted = await post(url, { type, params });
    const { id } = (await accepted.json()) as { id: string };
    for (;;) {
      const result = await read(url, id);
      if (result.status !== 'running') return result;
    }
  };
  const needsConfig = [
    ['discover-peers', { sources: [{ type: 'static', addresses: [peer] }], dialect: 'sei' }],
    ['configure-state-sync', { dialect: 'sei' }],
    ['config-patch', { files: { 'config.toml': { moniker: 'x' } }, dialect: 'sei' }],
    ['config-patch', { files: { 'app.toml': { pruning: 'nothing' } } }],
    ['config-reload', { fields: { 'logging.level': 'debug' }, dialect: 'sei' }],
    ['config-validate', { dialect: 'sei' }],
    ['config-apply', { incremental: true, dialect: 'sei' }],
  ] as const;
  const refuse = async () => {
    for (const [type, params] of needsConfig) {
      const { errorCode, error = '' } = await run(type, params);
      assert.equal(errorCode, 'file-missing', `${type}: ${error}`);
      assert.match(error, /config-apply|init/, type);
    }
  };
  await refuse();
  assert.equal((await run('mark-ready')).status, 'completed');
  assert.equal(
    (await run('snapshot-upload', { bucket: 'sei-data', region: 'eu-central-1' })).errorCode ?? 'none',
    'none',
  );
  // A config/ without files is as good as none.
  mkdirSync(join(home, 'config'));
  await refuse();
  assert.deepEqual(readdirSync(join(home, 'config')), []);
  assert.equal((await run('config-apply', { mode: 'full', dialect: 'sei' })).outcome, 'changed');
  const patched = await run('config-patch', { files: { 'app.toml': { pruning: 'nothing' } } });
  assert.equal(patched.status, 'completed', patched.error ?? '');
  assert.equal(statSync(home).mode & 0o777, 0o755 & ~process.umask());
  assert.equal(statSync(join(home, '.nodetask')).mode & 0o077, 0);

  const line = await agent.line(
    'variables of seictl are set, which this agent does not read: see docs/coming-from-seictl.md',
  );
  assert.deepEqual(line['variables'], [
    'SEI_CHAIN_ID: chainId in the params of each task',
    'SEI_HOME: NODETASK_HOME',
    'SEI_X: unknown',
  ]);
  assert.doesNotMatch(agent.stdout() + agent.stderr(), /a-value/);
});

test('a start completes or undoes what a crash interrupted in the files of the node, before it listens', async () => {
  const config = join(folder, 'config');
  const fast = join(folder, 'fast');
  mkdirSync(config);
  for (const left of ['data/.restore-new/100', 'fast/snapshots/50']) mkdirSync(join(folder, left), { recursive: true });
  const temporary = `.nodetask-${randomUUID()}.tmp`;
  const text = 'minimum-gas-prices = "0.01usei"\n';
  writeFileSync(join(config, temporary), text);
  const files = [{ name: 'app.toml', temporary, sha256: createHash('sha256').update(text).digest('hex') }];
  writeFileSync(join(config, '.nodetask-transaction.json'), JSON.stringify({ version: 1, files }));
  mkdirSync(join(fast, '.restore-new', '100'), { recursive: true });
  const places = [{ parent: fast, name: 'snapshots' }];
  writeFileSync(join(folder, '.nodetask-restore-places.json'), JSON.stringify({ version: 1, places }));

  const agent = launch();
  await urlOf(agent);
  assert.deepEqual(readdirSync(config), ['app.toml']);
  assert.deepEqual(readdirSync(join(folder, 'data')), []);
  assert.deepEqual(readdirSync(fast), ['snapshots']);
  const told = agent.lines.map(({ message }) => message);
  assert.deepEqual(
    told.slice(0, told.indexOf('listening')).filter((one) => String(one).includes('interrupted')),
    [
      'completed an interrupted change of config files',
      'removed an interrupted restore',
      'removed an interrupted restore',
    ],
  );
});

test('an event stream and a kept connection do not hold the end up', async () => {
  const agent = launch({ NODETASK_GRACE_SECONDS: '10' });
  const url = await urlOf(agent);
  const id = randomUUID();
  await (await post(url, { id, type: 'mark-ready', async: { schedule: { cron: '0 3 * * *' } } })).text();
  const stream = await fetch(`${url}/v0/tasks/${id}/watch`);
  assert.equal(stream.status, 200);
  const text = stream.text();
  const stopped = performance.now();
  agent.child.kill('SIGINT');
  assert.equal(await agent.ended, 0);
  assert.ok(performance.now() - stopped < 5000);
  assert.match(await text, /event: result/);
});

test('readiness and schedules survive kill -9', async () => {
  const first = launch();
  const url = await urlOf(first);
  const ready = (await (await post(url, { type: 'mark-ready' })).json()) as { id: string };
  const stream = await fetch(`${url}/v0/tasks/${ready.id}/watch`);
  assert.match(await stream.text(), /"status":"completed"/);
  const schedule = randomUUID();
  await (await post(url, { id: schedule, type: 'mark-ready', async: { schedule: { cron: '0 3 * * *' } } })).text();
  const before = await read(url, schedule);
  first.child.kill('SIGKILL');
  await first.ended;

  const second = launch();
  const again = await urlOf(second);
  assert.equal((await fetch(`${again}/v0/healthz`)).status, 200);
  assert.deepEqual(await read(again, schedule), before);
  // The registry of config-apply is a pinned copy: whoever reads the log sees of which version.
  assert.equal((await second.line('listening'))['registry'], registryVersion);
  assert.equal((await second.line('listening'))['journal'], (await first.line('listening'))['journal']);
  assert.notEqual((await second.line('listening'))['bootID'], (await first.line('listening'))['bootID']);
});

test('a start that fails says why in one line, and ends with a code', async () => {
  const running = launch();
  const url = await urlOf(running);
  writeFileSync(join(folder, 'empty'), '');
  const other = mkdtempSync(join(folder, 'other-'));
  const faults: readonly [what: string, env: Readonly<Record<string, string>>, code: number, message: RegExp][] = [
    [
      'port in use',
      { NODETASK_HOME: other, NODETASK_LISTEN: url.replace('http://', '') },
      1,
      /another process listens/,
    ],
    ['journal in use', {}, 1, /journal .* is in use by another process/],
    ['no token file', { NODETASK_TOKEN_FILE: join(folder, 'none') }, 1, /token file .*none cannot be read/],
    ['empty token file', { NODETASK_TOKEN_FILE: join(folder, 'empty') }, 1, /has no token/],
    [
      'no place for a home',
      { NODETASK_HOME: join(folder, 'no', 'where') },
      1,
      /no\/where, cannot be made: there is no/,
    ],
    ['a file as home', { NODETASK_HOME: join(folder, 'empty') }, 1, /empty\/\.nodetask, cannot be made/],
    [
      'no certificate file',
      {
        NODETASK_HOME: other,
        NODETASK_TLS_CERT_FILE: '/none.crt',
        NODETASK_TLS_KEY_FILE: '/none.key',
        NODETASK_TRUST_FILE: '/none',
      },
      1,
      /certificate \/none\.crt with the key \/none\.key cannot be used: ENOENT/,
    ],
    ['a file as state folder', { NODETASK_STATE_DIR: join(folder, 'empty') }, 1, /empty/],
    ['open port without a token', { NODETASK_LISTEN: ':0' }, 2, /not a loopback address/],
  ];
  for (const [what, env, code, message] of faults) {
    const agent = launch(env);
    assert.equal(await agent.ended, code, `${what}: ${agent.stderr()}`);
    assert.match(agent.stderr(), message, what);
    assert.equal(agent.stderr().trimEnd().split('\n').length, 1, `${what}: ${agent.stderr()}`);
  }
  const help = spawn(process.execPath, ['--conditions=nodetask-source', agentMain, '--help'], { stdio: 'ignore' });
  const [code] = (await once(help, 'exit')) as [number];
  assert.equal(code, 0);
});

test('a second signal ends at once', async () => {
  await using silent = await startSilentServer();
  const agent = launch({ NODETASK_ALLOW_HOST: silent.host });
  const url = await urlOf(agent);
  // A request whose body never ends holds the orderly stop up for its share of the grace time.
  const controller = new AbortController();
  const body = new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode('{')) });
  const held = fetch(`${url}/v0/tasks`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body,
    duplex: 'half',
    signal: controller.signal,
  }).catch(() => undefined);
  await fetch(`${url}/v0/livez`);
  agent.child.kill('SIGTERM');
  await agent.line('stopping');
  agent.child.kill('SIGTERM');
  assert.equal(await agent.ended, 143);
  controller.abort();
  await held;
});
