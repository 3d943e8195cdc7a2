import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '@nodetask/runtime/command-line';
import { type AgentConfig, readAgentCommand } from './config.ts';

const run = (argv: readonly string[] = [], env: Readonly<Record<string, string>> = {}): AgentConfig => {
  const command = readAgentCommand({ argv, env, version: '1.2.3', isTerminal: false });
  assert.ok('run' in command);
  return command.run;
};

test('defaults', () => {
  assert.deepEqual(run(), {
    listen: { host: '127.0.0.1', port: 7777 },
    probeListen: { host: '127.0.0.1', port: 7778 },
    nodeRPC: 'http://127.0.0.1:26657',
    allowHosts: [],
    allowPaths: [],
    home: '/sei',
    stateFolder: '/sei/.nodetask',
    logLevel: 'info',
    logFormat: 'json',
    graceMs: 25_000,
  });
});

test('with a token it listens on all addresses', () => {
  assert.deepEqual(run([], { NODETASK_TOKEN_FILE: '/token' }).listen, { port: 7777 });
});

test('probes have the host of the API and the next port, or what is said', () => {
  assert.deepEqual(run([], { NODETASK_TOKEN_FILE: '/token' }).probeListen, { port: 7778 });
  assert.deepEqual(run(['--listen', '[::1]:8000']).probeListen, { host: '::1', port: 8001 });
  assert.deepEqual(run(['--listen', '127.0.0.1:0']).probeListen, { host: '127.0.0.1', port: 0 });
  assert.deepEqual(run([], { NODETASK_PROBE_LISTEN: ':9000' }).probeListen, { port: 9000 });
  assert.deepEqual(run(['--listen', '127.0.0.1:65535', '--probe-listen', ':1']).probeListen, { port: 1 });
});

const enroll = {
  NODETASK_ENROLL_URL: 'https://nodetask-operator.nodetask-system.svc/',
  NODETASK_ENROLL_TOKEN_FILE: '/token/token',
  NODETASK_TRUST_FILE: '/trust/ca.crt',
  POD_UID: 'u-1',
};

test('with a certificate of the operator it serves HTTPS on all addresses', () => {
  const { listen, tls } = run([], { ...enroll, NODETASK_IDENTITY_DIR: '/identity' });
  assert.deepEqual(listen, { port: 7777 });
  assert.deepEqual(tls, {
    trustFile: '/trust/ca.crt',
    identity: {
      from: 'operator',
      url: new URL('https://nodetask-operator.nodetask-system.svc/'),
      tokenFile: '/token/token',
      podUID: 'u-1',
      folder: '/identity',
    },
  });
  assert.equal(run([], { ...enroll, NODETASK_LISTEN: '0.0.0.0:8000' }).listen.host, '0.0.0.0');
});

test('so it does with files of its own', () => {
  const { listen, tls } = run(['--tls-cert-file', '/c', '--tls-key-file', '/k', '--trust-file', '/t']);
  assert.deepEqual(listen, { port: 7777 });
  assert.deepEqual(tls, { trustFile: '/t', identity: { from: 'files', certFile: '/c', keyFile: '/k' } });
});

test('flags win over the environment, lists come from both forms', () => {
  const env = { NODETASK_HOME: '/a', NODETASK_ALLOW_HOST: 'x.example, 10.0.0.1', NODETASK_LOG_LEVEL: 'warn' };
  assert.deepEqual(run([], env).allowHosts, ['x.example', '10.0.0.1']);
  const config = run(['--home', '/b', '--allow-host', 'y', '--allow-host', 'z'], env);
  assert.equal(config.home, '/b');
  assert.equal(config.stateFolder, '/b/.nodetask');
  assert.deepEqual(config.allowHosts, ['y', 'z']);
  assert.equal(config.logLevel, 'warn');
});

test('folders that the configuration of the node may name come from the flag or the environment', () => {
  assert.deepEqual(run([], { NODETASK_ALLOW_PATH: '/fast/, /slow' }).allowPaths, ['/fast', '/slow']);
  assert.deepEqual(run(['--allow-path', '/a', '--allow-path', '/b/../c']).allowPaths, ['/a', '/c']);
});

test('in a cluster the API server and the pod are known', () => {
  const config = run([], {
    KUBERNETES_SERVICE_HOST: '10.0.0.1',
    KUBERNETES_SERVICE_PORT: '6443',
    POD_NAME: 'sei-rpc-0',
    POD_NAMESPACE: 'sei',
    POD_UID: 'u-1',
    NODETASK_SERVICEACCOUNT_DIR: '/sa',
  });
  assert.deepEqual(config.cluster, { host: '10.0.0.1', port: 6443, serviceAccountFolder: '/sa' });
  assert.deepEqual([config.podName, config.namespace, config.podUID], ['sei-rpc-0', 'sei', 'u-1']);
});

const wrong: readonly [
  name: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  message: RegExp,
][] = [
  ['a port beyond the range', ['--listen', '127.0.0.1:70000'], {}, /"127\.0\.0\.1:70000".*port from 0 to 65535/],
  ['no port after that of the API', ['--listen', '127.0.0.1:65535'], {}, /--probe-listen is not set.*65535/],
  ['probes without a port', ['--probe-listen', 'localhost'], {}, /NODETASK_PROBE_LISTEN.*"localhost"/],
  ['a path that is not absolute', ['--allow-path', 'fast'], {}, /--allow-path.*"fast".*must be an absolute path/],
  ['the root as a path', [], { NODETASK_ALLOW_PATH: '/fast, /x/..' }, /NODETASK_ALLOW_PATH.*neither \/ nor/],
  ['a path of the system', ['--allow-path', '/proc/1/root'], {}, /--allow-path.*nor in \/proc/],
  ['no port', [], { NODETASK_LISTEN: 'localhost' }, /NODETASK_LISTEN.*"localhost"/],
  ['an open port without a token', ['--listen', ':7777'], {}, /":7777".*not a loopback.*--enroll-url.*--token-file/],
  ['all IPv6 addresses without a token', ['--listen', '[::]:7777'], {}, /not a loopback/],
  [
    'a trust file alone',
    ['--trust-file', '/t'],
    {},
    /--trust-file is "\/t": it has no effect without .*--enroll-url or/,
  ],
  ['a key alone', ['--tls-key-file', '/k'], {}, /--tls-key-file is "\/k": it has no effect without/],
  ['a folder without enrollment', [], { NODETASK_IDENTITY_DIR: '/i' }, /--identity-dir is "\/i": it has no effect/],
  ['enrollment without a token', [], { ...enroll, NODETASK_ENROLL_TOKEN_FILE: '' }, /--enroll-token-file is not set/],
  [
    'enrollment without a trust file',
    [],
    { ...enroll, NODETASK_TRUST_FILE: '' },
    /--trust-file is not set, and .*--enroll-url/,
  ],
  ['enrollment without a pod', [], { ...enroll, POD_UID: '' }, /POD_UID is not set although .*--enroll-url is/],
  ['enrollment and files', ['--tls-cert-file', '/c'], enroll, /--tls-cert-file is "\/c": it does not go together/],
  [
    'files and a folder',
    ['--tls-cert-file', '/c', '--tls-key-file', '/k', '--trust-file', '/t', '--identity-dir', '/i'],
    {},
    /--identity-dir is "\/i": it has no effect without .*--enroll-url/,
  ],
  ['a certificate without a key', ['--tls-cert-file', '/c', '--trust-file', '/t'], {}, /--tls-key-file is not set/],
  [
    'a certificate without a trust file',
    ['--tls-cert-file', '/c', '--tls-key-file', '/k'],
    {},
    /--trust-file is not set/,
  ],
  ['an unknown level', ['--log-level', 'loud'], {}, /NODETASK_LOG_LEVEL \/ --log-level is "loud"/],
  ['a grace time of 0', [], { NODETASK_GRACE_SECONDS: '0' }, /NODETASK_GRACE_SECONDS.*"0"/],
  ['a grace time that is no number', [], { NODETASK_GRACE_SECONDS: '5s' }, /"5s": must be a whole number/],
  ['an RPC without a port', ['--node-rpc', 'localhost'], {}, /--node-rpc is "localhost": must be an http/],
  ['a URL as host', ['--allow-host', 'http://x'], {}, /--allow-host.*without scheme/],
  ['a misspelt flag', ['--hom', '/x'], {}, /unknown option '--hom'[^]*Did you mean --home[^]*--help/],
  ['an argument too many', ['serve'], {}, /too many arguments/],
  ['a cluster without a pod', [], { KUBERNETES_SERVICE_HOST: '10.0.0.1' }, /POD_NAME is not set/],
  [
    'a port of the API server that is none',
    [],
    { KUBERNETES_SERVICE_HOST: 'h', KUBERNETES_SERVICE_PORT: 'x', POD_NAME: 'p' },
    /KUBERNETES_SERVICE_PORT is "x"/,
  ],
];

for (const [name, argv, env, message] of wrong) {
  test(`refused: ${name}`, () => {
    assert.throws(
      () => run(argv, env),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  });
}

for (const url of [
  'http://operator',
  'https://operator/path',
  'https://user@operator',
  'https://operator?x',
  'operator',
  'https://[x',
]) {
  test(`refused: an operator at ${url}`, () => {
    assert.throws(() => run(['--enroll-url', url], enroll), /NODETASK_ENROLL_URL \/ --enroll-url is ".*": must be/);
  });
}

test('loopback in every spelling needs no token', () => {
  for (const listen of ['localhost:1', '127.9.9.9:1', '[::1]:1'])
    assert.equal(run(['--listen', listen]).listen.port, 1);
});

test('--help names every flag with its variable, --version the version', () => {
  const help = readAgentCommand({ argv: ['--help'], env: {}, version: '1.2.3', isTerminal: false });
  assert.ok('print' in help);
  for (const name of ['--listen', 'NODETASK_TOKEN_FILE', '--allow-host', 'POD_UID', 'KUBERNETES_SERVICE_HOST']) {
    assert.ok(help.print.includes(name), name);
  }
  assert.deepEqual(readAgentCommand({ argv: ['--version'], env: {}, version: '1.2.3', isTerminal: false }), {
    print: '1.2.3\n',
  });
});
