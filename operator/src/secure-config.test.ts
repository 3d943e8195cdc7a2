import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '@nodetask/runtime/command-line';
import { readOperatorCommand } from './config.ts';
import type { SecureConfig } from './secure-config.ts';

const read = (argv: readonly string[], env: Record<string, string> = {}): SecureConfig | undefined => {
  const command = readOperatorCommand({ argv, env, version: '1.2.3', isTerminal: false });
  assert.ok('run' in command);
  return command.run.secure;
};

test('nothing is done by TLS unless it is asked for', () => {
  assert.equal(read([]), undefined);
  assert.equal(read(['--secure-listen', ':9443', '--ca-source', 'secret']), undefined);
});

test('everything else has a default', () => {
  const defaults: SecureConfig = {
    agentTLS: true,
    ca: { secretName: 'nodetask-ca', source: 'operator', lifetimeMs: 31_536_000_000 },
    certificateLifetimeMs: 86_400_000,
    listen: { port: 9443 },
    service: { name: 'nodetask-operator', hosts: [] },
  };
  assert.deepEqual(read(['--agent-tls']), defaults);
  assert.deepEqual(read([], { NODETASK_AGENT_TLS: 'true' }), defaults);
  assert.deepEqual(read(['--agent-tls', '--webhook-name', 'nodetask', '--agent-image', 'agent']), {
    ...defaults,
    webhookName: 'nodetask',
  });
});

test('every option has a flag and a variable', () => {
  const expected: SecureConfig = {
    agentTLS: true,
    ca: { secretName: 'mine', source: 'secret', lifetimeMs: 7_200_000 },
    certificateLifetimeMs: 60_000,
    listen: { host: '127.0.0.1', port: 1 },
    service: { name: 'svc', hosts: ['127.0.0.1', 'a.example', '::1'] },
    webhookName: 'hook',
    ownerClusterRole: 'nodetask:operator',
  };
  const flags = [
    ['--agent-tls'],
    ['--ca-secret', 'mine'],
    ['--ca-source', 'secret'],
    ['--ca-lifetime-seconds', '7200'],
    ['--certificate-lifetime-seconds', '60'],
    ['--secure-listen', '127.0.0.1:1'],
    ['--service-name', 'svc'],
    ['--service-host', '127.0.0.1', '--service-host', 'a.example', '--service-host', '::1'],
    ['--webhook-name', 'hook', '--agent-image', 'agent'],
    ['--owner-cluster-role', 'nodetask:operator'],
  ];
  assert.deepEqual(read(flags.flat()), expected);
  assert.deepEqual(
    read([], {
      NODETASK_AGENT_TLS: 'true',
      NODETASK_CA_SECRET: 'mine',
      NODETASK_CA_SOURCE: 'secret',
      NODETASK_CA_LIFETIME_SECONDS: '7200',
      NODETASK_CERTIFICATE_LIFETIME_SECONDS: '60',
      NODETASK_SECURE_LISTEN: '127.0.0.1:1',
      NODETASK_SERVICE_NAME: 'svc',
      NODETASK_SERVICE_HOSTS: '127.0.0.1, a.example,::1',
      NODETASK_WEBHOOK_NAME: 'hook',
      NODETASK_AGENT_IMAGE: 'agent',
      NODETASK_OWNER_CLUSTER_ROLE: 'nodetask:operator',
    }),
    expected,
  );
});

test('what cannot work is refused, with the value and what is right', () => {
  const cases: [string[], RegExp][] = [
    [['--ca-source', 'vault'], /--ca-source is "vault"/],
    [['--certificate-lifetime-seconds', '59'], /--certificate-lifetime-seconds is "59": .*60/],
    [['--ca-lifetime-seconds', '3599'], /--ca-lifetime-seconds is "3599": .*3600/],
    [['--secure-listen', '9443'], /--secure-listen is "9443": must be <host>:<port>/],
    [['--service-host', 'https://a.example'], /--service-host is \["https:\/\/a\.example"\]: must be host names/],
    [['--service-host', 'a.example:9443'], /must be host names in lower case, or IP addresses/],
    [['--service-name', 'A'], /must be the name of a Service/],
    [
      ['--ca-lifetime-seconds', '7200', '--certificate-lifetime-seconds', '1201'],
      /--ca-lifetime-seconds is 7200: it must be at least 6 times --certificate-lifetime-seconds \(1201\)/,
    ],
  ];
  for (const [argv, expected] of cases) {
    assert.throws(
      () => read(['--agent-tls', ...argv]),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, expected);
        return true;
      },
    );
  }
});
