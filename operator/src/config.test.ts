import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ConfigError } from '@nodetask/runtime/command-line';
import { type OperatorConfig, readOperatorCommand } from './config.ts';
import { version } from './version.ts';

const read = (argv: readonly string[], env: Record<string, string> = {}): OperatorConfig => {
  const command = readOperatorCommand({ argv, env, version: '1.2.3', isTerminal: false });
  assert.ok('run' in command);
  return command.run;
};

test('the version is that of the package', () => {
  const file = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  assert.equal((JSON.parse(file) as { version: string }).version, version);
});

test('everything has a default', () => {
  assert.deepEqual(read([]), {
    namespaces: [],
    leaderElect: false,
    leaseName: 'nodetask-operator',
    listen: { port: 8080 },
    secureMetrics: false,
    concurrency: 16,
    logLevel: 'info',
    logFormat: 'json',
    graceMs: 25_000,
    podName: 'nodetask-operator',
  });
});

test('flags win over the environment', () => {
  const env = {
    NODETASK_LISTEN: ':1',
    NODETASK_NAMESPACES: 'x',
    NODETASK_AGENT_TOKEN_FILE: '/token',
    NODETASK_LEADER_ELECT: 'true',
  };
  const config = read(['--listen', '[::1]:9000', '--namespace', 'a', '--namespace', 'b', '--concurrency', '4'], env);
  assert.deepEqual(config.listen, { host: '::1', port: 9000 });
  assert.deepEqual(config.namespaces, ['a', 'b']);
  assert.equal(config.concurrency, 4);
  assert.equal(config.agentTokenFile, '/token');
  assert.equal(config.leaderElect, true);
  assert.equal(read(['--secure-metrics', '--agent-tls']).secureMetrics, true);
  assert.equal(read(['--agent-tls'], { NODETASK_SECURE_METRICS: 'true' }).secureMetrics, true);
  assert.deepEqual(read([], { NODETASK_NAMESPACES: 'a, b,' }).namespaces, ['a', 'b']);
});

test('a wrong value is refused with its name, the value and what is right', () => {
  const cases: [string[], Record<string, string>, RegExp][] = [
    [['--listen', '8080'], {}, /NODETASK_LISTEN \/ --listen is "8080": must be <host>:<port>/],
    [['--listen', ':70000'], {}, /port from 0 to 65535/],
    [['--concurrency', '0'], {}, /--concurrency is "0"/],
    [['--namespace', 'A_b'], {}, /--namespace is \["A_b"\]/],
    [['--agent-image', 'a b'], {}, /--agent-image is "a b": must be the reference of an image/],
    [['--agent-image-pull-policy', 'never'], {}, /--agent-image-pull-policy is "never"/],
    [[], { NODETASK_LOG_LEVEL: 'loud' }, /NODETASK_LOG_LEVEL/],
    [['--secure-metrics'], {}, /--secure-metrics needs the HTTPS server/],
    [['--unknown'], {}, /unknown option '--unknown'\nSee nodetask-operator --help/],
    [['extra'], {}, /too many arguments/],
  ];
  for (const [argv, env, expected] of cases) {
    assert.throws(
      () => read(argv, env),
      (error) => error instanceof ConfigError && expected.test(error.message),
    );
  }
});

test('agents are injected where it is said which, and they can be called', () => {
  const image = 'registry:5000/nodetask/agent:1.2.3';
  const policy = { NODETASK_AGENT_IMAGE_PULL_POLICY: 'Never' };
  const flags = ['--agent-tls', '--webhook-name', 'nodetask', '--agent-image', image];
  assert.deepEqual(read(flags, policy).injection, { image, imagePullPolicy: 'Never' });
  assert.equal(read(['--agent-tls'], policy).injection, undefined);
  assert.throws(
    () => read(['--agent-tls', '--webhook-name', 'nodetask']),
    /--webhook-name is nodetask: .*--agent-image/,
  );
  assert.throws(() => read(['--webhook-name', 'nodetask', '--agent-image', image]), /by TLS only, so give --agent-tls/);
});

const print = (flag: string): string => {
  const command = readOperatorCommand({ argv: [flag], env: {}, version: '1.2.3', isTerminal: false });
  assert.ok('print' in command);
  return command.print;
};

test('--help and --version print', () => {
  assert.equal(print('--version').trim(), '1.2.3');
  assert.match(print('--help').replaceAll(/\s+/g, ' '), /--agent-token-file <path> .*\[NODETASK_AGENT_TOKEN_FILE\]/);
});
