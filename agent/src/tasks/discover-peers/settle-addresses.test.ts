import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from './ask-hosts.ts';
import { choosePeers, formatPeers, type SourceReport } from './choose-peers.ts';
import { settleAddresses } from './settle-addresses.ts';

const [one, two, own] = ['1'.repeat(40), '2'.repeat(40), '0'.repeat(40)] as const;
const told = (nodeId: string, chainId = 'sei-1'): Answer => ({ nodeId, chainId });
const silent: Answer = { why: 'did not answer' };
const candidate = { host: '10.0.0.1', others: ['203.0.113.7', '2001:db8::1'], port: 26656 };

interface Chosen {
  readonly peers: readonly string[];
  readonly kept: readonly string[];
  readonly source: SourceReport | undefined;
}

/** What becomes of one instance whose private, public and IPv6 addresses answer so. */
const choose = (answers: readonly [Answer, Answer, Answer], existing: readonly string[] = []): Chosen => {
  const hosts = [candidate.host, ...candidate.others];
  const settled = settleAddresses(
    [{ name: 'ec2Tags', candidates: [candidate] }],
    new Map(hosts.map((host, index): [string, Answer] => [host, answers[index] ?? silent])),
  );
  const written = new Set([one, two]);
  const { found, kept, sources } = choosePeers({ ...settled, ownId: own, existing, written, keepOthers: true });
  return { peers: formatPeers(found), kept, source: sources[0] };
};

test('the private address is taken if it answers, alone or as the same node as the others', () => {
  const wanted = [`${one}@10.0.0.1:26656`];
  assert.deepEqual(choose([told(one), silent, silent]).peers, wanted);
  assert.deepEqual(choose([told(one), told(one), told(one)]).peers, wanted);
  assert.deepEqual(choose([told(one), silent, told(one)]).peers, wanted);
});

test('the public address is taken if the private one does not answer, and then IPv6', () => {
  assert.deepEqual(choose([silent, told(one), told(one)]).peers, [`${one}@203.0.113.7:26656`]);
  assert.deepEqual(choose([silent, silent, told(one)]).peers, [`${one}@[2001:db8::1]:26656`]);
});

test('a private address that another machine has here gives no peer, not even on another chain', () => {
  assert.deepEqual(choose([told(two), told(one), silent]).peers, [`${one}@203.0.113.7:26656`]);
  assert.deepEqual(choose([told(two), told(one), told(one)]).peers, [`${one}@203.0.113.7:26656`]);
  assert.deepEqual(choose([told(two), silent, told(one)]).peers, [`${one}@[2001:db8::1]:26656`]);
  assert.deepEqual(choose([told(two, 'evil-1'), told(one), silent]).peers, [`${one}@203.0.113.7:26656`]);
  assert.deepEqual(choose([told(own), told(one), silent]).peers, [`${one}@203.0.113.7:26656`]);
});

test('an instance that does not answer is told once, with each address, and a peer of the file stays by any of them', () => {
  const existing = ['10.0.0.1', '203.0.113.7', '10.9.9.9'].map(
    (host, index) => `${String(index + 3).repeat(40)}@${host}:1`,
  );
  const written = choose([silent, { why: 'refused' }, silent], [`${one}@203.0.113.7:26656`, `${two}@10.9.9.9:26656`]);
  assert.deepEqual(written.source?.unreachable, [
    {
      host: '10.0.0.1:26656',
      why: 'did not answer; 203.0.113.7: refused; 2001:db8::1: did not answer',
    },
  ]);
  assert.deepEqual(written.kept, [`${one}@203.0.113.7:26656`]);
  assert.deepEqual(choose([silent, silent, silent], existing).kept, existing);
});

test('hosts of one address and sources that could not be read are left as they are', () => {
  const findings = [
    {
      name: 'dns',
      candidates: [
        { host: 'a', port: 1 },
        { host: 'b', port: 1, fault: 'no name' },
      ],
    },
    { name: 'ec2Tags', error: 'denied' },
  ];
  const answers = new Map([['a', told(one)]]);
  assert.deepEqual(settleAddresses(findings, answers), { findings, answers });
});
