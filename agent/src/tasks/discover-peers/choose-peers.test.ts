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
  written: new Set(),
  keepOthers: true,
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

  test('peers of an earlier run stay while a source cannot be read, and leave the list when all sources are read and none lists them', () => {
    const existing = [`${id('9')}@old:1`, `${id('1')}@old-address-of-x:1`, `${id('0')}@self:1`];
    const more = { existing, ownId: id('0'), written: new Set([id('9'), id('1'), id('0')]) };
    const broken = choosePeers(input({ a: [host('x')], b: 'no such name' }, { x: id('1') }, more));
    assert.deepEqual(formatPeers(broken.found), [`${id('1')}@x:26656`]);
    assert.deepEqual(broken.kept, [`${id('9')}@old:1`]);
    assert.deepEqual(broken.removed, [`${id('0')}@self:1`]);
    assert.equal(broken.sources[1]?.error, 'no such name');
    const whole = choosePeers(input({ a: [host('x')] }, { x: id('1') }, more));
    assert.deepEqual(whole.kept, []);
    assert.deepEqual(whole.removed, [`${id('9')}@old:1`, `${id('0')}@self:1`]);
  });

  test('a peer whose host is listed and does not answer stays', () => {
    const existing = [`${id('1')}@x:26656`, `${id('2')}@y:26656`];
    const written = new Set([id('1'), id('2')]);
    const { found, kept, removed } = choosePeers(
      input(
        { a: [host('x'), host('y')] },
        { x: id('1'), y: { why: 'timed out' } },
        { existing, written, keepOthers: false },
      ),
    );
    assert.deepEqual(formatPeers(found), [`${id('1')}@x:26656`]);
    assert.deepEqual(kept, [`${id('2')}@y:26656`]);
    assert.deepEqual(removed, []);
  });

  test('peers that no earlier run wrote stay, unless keepOthers is false', () => {
    const existing = [`${id('7')}@by-hand:26656`, 'tcp://no-peer', `${id('8')}@ours:26656`];
    const more = { existing, written: new Set([id('8')]) };
    const kept = choosePeers(input({ a: [host('x')] }, { x: id('1') }, more));
    assert.deepEqual(kept.kept, existing.slice(0, 2));
    assert.deepEqual(kept.removed, existing.slice(2));
    const replaced = choosePeers(input({ a: [host('x')] }, { x: id('1') }, { ...more, keepOthers: false }));
    assert.deepEqual([replaced.kept, replaced.removed], [[], existing]);
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
            existing: [`${id('3')}@kept:2`],
          }),
        );
        const ids = [...formatPeers(found), ...kept].map((peer) => peer.slice(0, 40));
        assert.equal(new Set(ids).size, ids.length);
        assert.ok(!ids.includes(id('0')));
        for (const report of sources.filter(({ error }) => error === undefined)) {
          assert.equal(report.peers + report.skipped.length + report.unreachable.length, hosts.length);
        }
      }),
    );
  });
});
