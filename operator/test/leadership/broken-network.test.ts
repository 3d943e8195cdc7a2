import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { FaultProxy } from '@nodetask/testbed';
import { type Candidate, Contest, seconds } from '../support/contest.ts';

let contest: Contest;

before(async () => {
  contest = await Contest.start();
});

afterEach(async () => {
  await contest.clear();
});

after(async () => {
  await contest[Symbol.asyncDispose]();
});

/** When an operator logged a message. */
const timeOf = async ({ operator }: Candidate, message: string): Promise<number> => {
  const line =
    (await operator.process.log()).split('\n').find((text) => text.includes(`"message":"${message}"`)) ?? '{}';
  return Date.parse((JSON.parse(line) as { readonly timestamp?: string }).timestamp ?? '');
};

const faults: Readonly<Record<string, (network: FaultProxy) => Promise<void>>> = {
  'carries nothing any more': async (network) => network.setMode({ kind: 'stall' }),
  'is reset and refused': async (network) => {
    await network.setMode({ kind: 'refuse' });
    network.resetConnections();
  },
};

for (const [what, breakIt] of Object.entries(faults)) {
  test(`a leader whose network to the API server ${what} gives up before another leads, and what it has sent is refused`, async (context) => {
    const [first, second] = await contest.pair();
    await contest.work(first);
    contest.tap.hold(first.fence);
    const begun = await contest.apply();
    await contest.tap.untilHolds();

    const brokenAt = Date.now();
    await breakIt(first.network);
    const leader = await contest.untilLeads(second);
    const tookMs = leader.tookAt - brokenAt;
    assert.equal((await contest.untilEnds(first)).code, 1);
    const lostAt = await timeOf(first, 'leader election: lost');
    context.diagnostic(
      `the former leader gave up after ${seconds(lostAt - brokenAt)}, the next led after ${seconds(tookMs)}`,
    );
    assert.ok(tookMs < 20_000, seconds(tookMs));
    // Five seconds lie between: the Lease is renewed for 10 s after the last success, and taken after 15 s.
    assert.ok(lostAt < leader.tookAt, `${String(lostAt)} < ${String(leader.tookAt)}`);

    await contest.untilDone(begun, leader);
    const held = await contest.tap.untilHolds();
    contest.tap.release();
    await contest.tap.untilDelivered();
    const late = contest.callsOf(first).slice(-held);
    assert.ok(
      late.every(({ status, sentAt }) => status === 409 && sentAt <= leader.tookAt),
      JSON.stringify({ late, tookAt: leader.tookAt }),
    );
    contest.checkFences();
  });
}

test('a network that comes back in time costs no leadership', async () => {
  const [leader] = await contest.pair();
  await contest.untilRenewed(leader, 1);
  await leader.network.setMode({ kind: 'stall' });
  leader.network.resetConnections();
  await leader.network.setMode({ kind: 'pass' });
  await contest.untilRenewed(leader, 2);
  await contest.work(leader);
  contest.checkFences();
});
