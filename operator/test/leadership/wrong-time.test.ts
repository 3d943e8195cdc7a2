import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Contest, seconds } from '../support/contest.ts';
import { withShiftedClock } from '../support/with-shifted-clock.ts';

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

const hourMs = 3_600_000;

test('a leader that is frozen until another leads has no effect when it wakes, and ends', async (context) => {
  const [first, second] = await contest.pair();
  await contest.work(first);
  contest.tap.hold(first.fence);
  const begun = await contest.apply();
  await contest.tap.untilHolds();

  const frozenAt = Date.now();
  first.operator.process.pause();
  const leader = await contest.untilLeads(second);
  context.diagnostic(`from SIGSTOP to the next leader: ${seconds(leader.tookAt - frozenAt)}`);
  const done = [await contest.untilDone(begun, leader), await contest.work(leader)];

  first.operator.process.resume();
  assert.equal((await contest.untilEnds(first)).code, 1);
  const held = await contest.tap.untilHolds();
  contest.tap.release();
  await contest.tap.untilDelivered();
  assert.ok(
    contest
      .callsOf(first)
      .slice(-held)
      .every(({ status }) => status === 409),
  );
  contest.checkFences();
  for (const { metadata, status } of done) {
    assert.deepEqual((await contest.read(metadata.name)).status, status, 'the status that the next leader wrote');
  }
});

test('operators whose clocks are hours apart never lead at once, and follow each other as fast', async (context) => {
  const [behind, ahead] = await contest.pair([withShiftedClock(-3 * hourMs), withShiftedClock(3 * hourMs)]);
  // Each puts its clock right by the answers of the API server, once they come.
  await contest.untilRenewed(behind, 3);
  await contest.work(behind);

  let killedAt = Date.now();
  await behind.operator.kill();
  const second = await contest.untilLeads(ahead);
  let tookMs = Date.now() - killedAt;
  context.diagnostic(`a leader three hours ahead after one three hours behind: ${seconds(tookMs)}`);
  assert.ok(tookMs < 20_000, seconds(tookMs));
  assert.ok(Math.abs(second.tookAt - Date.now()) < 60_000, 'the Lease has the time of the API server');
  await contest.work(second);

  const third = await contest.enter(withShiftedClock(-3 * hourMs));
  killedAt = Date.now();
  await second.operator.kill();
  const last = await contest.untilLeads(third);
  tookMs = Date.now() - killedAt;
  context.diagnostic(`the other way round: ${seconds(tookMs)}`);
  assert.ok(tookMs < 20_000, seconds(tookMs));
  await contest.work(last);
  assert.ok(behind.fence < second.fence && second.fence < last.fence);
  contest.checkFences();
});

test('a clock that jumps, of the leader or of the one that waits, changes nothing', async () => {
  const [leader, other] = await contest.pair([withShiftedClock(0, -5 * hourMs), withShiftedClock(0, 5 * hourMs)]);
  await contest.work(leader);
  leader.operator.process.signal('SIGUSR2');
  other.operator.process.signal('SIGUSR2');
  await contest.untilRenewed(leader, 3);
  await contest.work(leader);

  await leader.operator.stop();
  await contest.work(await contest.untilLeads(other));
  contest.checkFences();
});
