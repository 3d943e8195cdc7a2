import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Contest, seconds } from '../support/contest.ts';

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

test('a leader is killed: the other leads in less than 20 s, and goes on with its work', async (context) => {
  const [first, second] = await contest.pair();
  await contest.work(first);
  contest.tap.hold(first.fence);
  const begun = await contest.apply();
  await contest.tap.untilHolds();

  const killedAt = Date.now();
  await first.operator.kill();
  const leader = await contest.untilLeads(second);
  const tookMs = leader.tookAt - killedAt;
  context.diagnostic(`from kill -9 to the next leader: ${seconds(tookMs)}`);
  assert.ok(tookMs < 20_000, seconds(tookMs));

  await contest.untilDone(begun, leader);
  contest.tap.release();
  await contest.tap.untilDelivered();
  assert.equal(contest.callsOf(first).at(-1)?.status, 409, 'what the dead one had sent');
  contest.checkFences();
});

test('a leader is asked to stop while an agent does not answer it: the other leads at once', async (context) => {
  const [first, second] = await contest.pair();
  contest.tap.hold(first.fence);
  const begun = await contest.apply();
  await contest.tap.untilHolds();

  const stoppedAt = Date.now();
  const stopping = first.operator.stop();
  const leader = await contest.untilLeads(second);
  const tookMs = leader.tookAt - stoppedAt;
  context.diagnostic(`from SIGTERM to the next leader, with a call that hangs: ${seconds(tookMs)}`);
  // The Lease would run out after 15 s, and the call be given up after 10. The 2 s that are promised depend on the machine's load.
  assert.ok(tookMs < 8_000, seconds(tookMs));
  assert.deepEqual(await stopping, { code: 0, signal: null });

  await contest.untilDone(begun, leader);
  contest.tap.release();
  await contest.tap.untilDelivered();
  assert.equal(contest.callsOf(first).at(-1)?.status, 409);
  contest.checkFences();
});
