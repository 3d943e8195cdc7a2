import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionFault, noAnswer } from './connection-fault.ts';

const agent = 'the agent of pod sei-rpc-4 at 10.1.2.3:7777';
const fault = (code: string, message = 'x'): string =>
  connectionFault(agent, Object.assign(new Error(message), { code }));

test('what came of a call says where, at which stage, and what may be the cause', () => {
  const says: Readonly<Record<string, string>> = {
    UND_ERR_CONNECT_TIMEOUT:
      'no connection to the agent of pod sei-rpc-4 at 10.1.2.3:7777 within 5 s: a NetworkPolicy or firewall may keep the operator from it, or the agent or its node hangs',
    ECONNREFUSED:
      'the agent of pod sei-rpc-4 at 10.1.2.3:7777 refuses the connection (ECONNREFUSED): nothing listens there; check that its container runs, and that this is its port',
    EHOSTUNREACH:
      'no route to the agent of pod sei-rpc-4 at 10.1.2.3:7777 (EHOSTUNREACH): its node is away, or the pod network does not reach it',
    ECONNRESET:
      'the agent of pod sei-rpc-4 at 10.1.2.3:7777 closed the connection before it had answered (ECONNRESET): it was stopped, or it cut the connection off, which its log and nodetask_agent_connections_cut_total tell',
  };
  for (const [code, text] of Object.entries(says)) assert.equal(fault(code), text);
  assert.equal(fault('ETIMEDOUT'), says['UND_ERR_CONNECT_TIMEOUT']);
  assert.equal(
    noAnswer(agent, 10_000),
    'the agent of pod sei-rpc-4 at 10.1.2.3:7777 took the call and did not answer within 10 s: it hangs or has too much to do, see its log',
  );
});

test('a name of TLS that undici puts into a time-out is not passed on', () => {
  const text = fault(
    'UND_ERR_CONNECT_TIMEOUT',
    'Connect Timeout Error (attempted address: e38c.agent.nodetask.dev:7777)',
  );
  assert.doesNotMatch(text, /agent\.nodetask\.dev/);
});

test('what is no HTTP is told as it is, and a connection that was closed as one', () => {
  assert.equal(fault('UND_ERR_SOCKET', 'bad response'), `the call to ${agent} failed: bad response`);
  assert.match(fault('UND_ERR_SOCKET', 'other side closed'), /closed the connection before it had answered/);
});

test('an unknown fault is told in its words, cut and free of control characters', () => {
  const text = fault('HPE_X', `a\n${'b'.repeat(9000)}`);
  assert.match(text, /^the call to the agent of pod sei-rpc-4 at 10\.1\.2\.3:7777 failed: a b+…$/);
  assert.ok(text.length < 700);
  assert.match(connectionFault(agent, 'odd'), / failed: odd$/);
});
