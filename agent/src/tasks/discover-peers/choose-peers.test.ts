import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Answer } from './ask-hosts.ts';
import { choosePeers, type ChoiceInput, describeNoPeers, type Findings, formatPeers } from './choose-peers.ts';
import type { Candidate } from './peer-source.ts';

const id = (digit: string): string => digit.repeat(40);
const host = (name: string): Candidate => ({ host: name, port: 26656 });

const input = (
  sources: Readonly<Record<string, readonly Candidate[] | string>>,
  answers: Readonly<Record<string, Answer | string>>,
  more: Partial<ChoiceInput> = {},
): ChoiceInput => ({
  findings: Object.entries(sources).map(([name, found]): Findings =>
    typeof found === 'string' ? { name, error: found } : { name, candidates: found },
  ),
  answers: new Map(
    Object.entries(answers).map(([name, answer]) => [
      name,
      typeof answer === 'string' ? { nodeId: answer, chainId: 'sei-1' } : answer,
    ]),
  ),
  existing: [],
  ...more,
});

describe('choosing peers', () => {
  test('each node once, this node never, in the order of the sources', () => {
    const { found, sources, kept } = choosePeers(
      input(
        {
          a: [host('10.0.0.1'), host('10.0.0.2'), host('2001:db8::1')],
          b: [host('name'), { ...host('s'), id: id('4') }],
        },
        { '10.0.0.1': id('1'), '10.0.0.2': id('0'), '2001:db8::1': id('2'), name: id('1') },
        { ownId: id('0') },
      ),
    );
    assert.deepEqual(formatPeers(found), [
      `${id('1')}@10.0.0.1:26656`,
      `${id('2')}@[2001:db8::1]:26656`,
      `${id('4')}@s:26656`,
    ]);
    assert.deepEqual(kept, []);
    assert.deepEqual(sources, [
      { source: 'a', peers: 2, unreachable: [], skipped: [{ host: '10.0.0.2:26656', why: 'this node itself' }] },
      {
        source: 'b',
        peers: 1,
        unreachable: [],
        skipped: [{ host: 'name:26656', why: 'the same node as 10.0.0.1:26656' }],
      },
    ]);
  });

  test('a node of another chain is none; without a genesis, several chains are an error that names them', () => {
    const sources = { a: [host('x'), host('y'), { host: 'z', port: 1, fault: 'is no host name' }] };
    const answers = { x: id('1'), y: { nodeId: id('2'), chainId: 'evil-1' } };
    const { found, sources: reports } = choosePeers(input(sources, answers, { ownChainId: 'sei-1' }));
    assert.deepEqual(formatPeers(found), [`${id('1')}@x:26656`]);
    assert.deepEqual(reports[0]?.skipped, [
      { host: 'y:26656', why: 'a node of chain evil-1; the genesis of this node is of sei-1' },
    ]);
    assert.deepEqual(reports[0]?.unreachable, [{ host: 'z:1', why: 'is no host name' }]);
    assert.throws(() => choosePeers(input(sources, answers)), {
      code: 'chain-mismatch',
      message: /x of sei-1, y of evil-1.*nothing was changed/,
    });
    // This node's own answer does not count.
    assert.equal(choosePeers(input(sources, answers, { ownId: id('2') })).found.length, 1);
  });

  test('what the file has stays while a source cannot be read, and only then', () => {
    const existing = [
      { id: id('9'), host: 'old', port: 1 },
      { id: id('1'), host: 'old-address-of-x', port: 1 },
      { id: id('0'), host: 'self', port: 1 },
    ];
    const more = { existing, ownId: id('0') };
    const broken = choosePeers(input({ a: [host('x')], b: 'no such name' }, { x: id('1') }, more));
    assert.deepEqual(formatPeers(broken.found), [`${id('1')}@x:26656`]);
    assert.deepEqual(formatPeers(broken.kept), [`${id('9')}@old:1`]);
    assert.equal(broken.sources[1]?.error, 'no such name');
    assert.deepEqual(choosePeers(input({ a: [host('x')] }, { x: id('1') }, more)).kept, []);
  });

  test('no peer at all is explained host by host', () => {
    const { found, sources } = choosePeers(
      input(
        { a: [host('x'), host('y')], b: 'denied', c: [] },
        { x: { why: 'refused' }, y: id('0') },
        { ownId: id('0') },
      ),
    );
    assert.deepEqual(found, []);
    assert.equal(
      describeNoPeers(sources),
      'a: x:26656: refused; y:26656: this node itself | b: denied | c: lists no host',
    );
  });

  test('no node twice and never itself, whatever the hosts answer', () => {
    const nodeId = fc.constantFrom('1', '2', '3', '0').map(id);
    const answer = fc.oneof(
      nodeId.map((one): Answer => ({ nodeId: one, chainId: 'sei-1' })),
      fc.constant({ why: 'down' }),
    );
    const world = fc.dictionary(fc.domain(), answer, { maxKeys: 12 });
    fc.assert(
      fc.property(world, fc.boolean(), (answers, broken) => {
        const hosts = Object.keys(answers).map(host);
        const { found, kept, sources } = choosePeers(
          input({ a: hosts, b: broken ? 'denied' : hosts }, answers, {
            ownId: id('0'),
            existing: [{ id: id('3'), host: 'kept', port: 2 }],
          }),
        );
        const ids = [...found, ...kept].map((peer) => peer.id);
        assert.equal(new Set(ids).size, ids.length);
        assert.ok(!ids.includes(id('0')));
        for (const report of sources.filter(({ error }) => error === undefined)) {
          assert.equal(report.peers + report.skipped.length + report.unreachable.length, hosts.length);
        }
      }),
    );
  });
});
