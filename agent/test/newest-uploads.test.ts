import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { TaskType } from '@nodetask/shared';
import { createMetrics } from '../src/metrics/agent-metrics.ts';
import type { RecurringTask } from '../src/engine/engine-api.ts';
import { makeTempHome } from '../src/node/testing/temp-home.ts';
import { readNewestUploads } from '../src/tasks/newest-uploads.ts';
import { compileDestination } from '../src/tasks/result-export/export-destination.ts';
import { ExportStateFile } from '../src/tasks/result-export/export-state.ts';
import { post, read, urlOf } from './support/agent-calls.ts';
import { AgentLauncher } from './support/agent-launcher.ts';
import { startTestS3, testBucket as bucket } from './support/object-store.ts';
import { makeChainHome, writeSnapshot } from './support/snapshot-home.ts';

/** Metrics of what was uploaded last, of agents that run as programs before a real S3 server, and of what they leave in their state folders. */

const s3 = await startTestS3();
const prefixOf = 'nodetask_agent_newest_upload_';

/** The series of newest uploads in what an agent answers to a scrape, without their common prefix. */
const scrape = async (url: string): Promise<Readonly<Record<string, number>>> => {
  const text = await (await fetch(`${url}/v0/metrics`)).text();
  return seriesOf(text);
};

const seriesOf = (text: string): Readonly<Record<string, number>> =>
  Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.startsWith(prefixOf))
      .map((line) => {
        const [series = '', value = ''] = line.slice(prefixOf.length).split(' ');
        return [series, Number(value)] as const;
      }),
  );

test('height and time of the newest upload are there for each schedule, also after the agent was killed', async (t) => {
  const home = await makeChainHome(t);
  for (const height of [100, 200]) await writeSnapshot(home, height, 100);
  await using launcher = new AgentLauncher(home.root);
  const env = { ...s3.environment, NODETASK_ALLOW_HOST: '127.0.0.1' };
  const agent = launcher.launch(env);
  const url = await urlOf(agent);
  const at = (prefix: string) => ({ ...s3.params(bucket), prefix });
  const submit = async (task: object): Promise<string> => {
    const answer = await post(url, task);
    assert.ok(answer.ok, await answer.clone().text());
    return ((await answer.json()) as { id: string }).id;
  };
  const began = Date.now() / 1000;
  const once = await submit({ type: 'snapshot-upload', params: at('nightly') });
  let result = await read(url, once);
  while (result.status === 'running') result = await read(url, once);
  assert.equal(result.output?.['height'], 100);
  assert.deepEqual(await scrape(url), {}, 'a one-shot has no series: it would be stale for ever');

  // Neither fires before the test is over.
  const async = { schedule: { cron: '0 0 29 2 *' } };
  const nightly = await submit({ type: 'snapshot-upload', params: { ...at('nightly'), maxAgeSeconds: 3600 }, async });
  const other = await submit({ type: 'snapshot-upload', params: at('other'), async });
  const ofNightly = `{type="snapshot-upload",name="${nightly}"}`;
  const ofOther = `{type="snapshot-upload",name="${other}"}`;
  const first = await scrape(url);
  const {
    [`timestamp_seconds${ofNightly}`]: uploadedAt = 0,
    [`awaited_since_timestamp_seconds${ofOther}`]: since = 0,
  } = first;
  for (const time of [uploadedAt, since]) assert.ok(time >= began - 1 && time <= Date.now() / 1000, String(time));
  assert.deepEqual(first, {
    [`height${ofNightly}`]: 100,
    [`timestamp_seconds${ofNightly}`]: uploadedAt,
    [`awaited_since_timestamp_seconds${ofNightly}`]: uploadedAt,
    [`max_age_seconds${ofNightly}`]: 3600,
    [`awaited_since_timestamp_seconds${ofOther}`]: since,
  });

  agent.child.kill('SIGKILL');
  await agent.ended;
  const second = await urlOf(launcher.launch(env));
  assert.deepEqual(await scrape(second), first);

  const removed = await fetch(`${second}/v0/tasks/${nightly}`, { method: 'DELETE' });
  assert.equal(removed.status, 204);
  assert.deepEqual(Object.keys(await scrape(second)), [`awaited_since_timestamp_seconds${ofOther}`]);
});

const params = { bucket: 'results', prefix: 'p', region: 'r', pageSize: 10 };

const task = (name: string | undefined, more: Partial<RecurringTask> = {}): RecurringTask => ({
  id: crypto.randomUUID(),
  kind: 'schedule',
  type: 'result-export',
  params,
  submittedAt: '2026-11-28T10:00:00.000Z',
  ...(name === undefined ? {} : { ref: { namespace: 'sei', name, uid: 'u', maxResultBytes: 4096 } }),
  ...more,
});

/** The series that a state folder gives for tasks. */
const seriesFor = async (stateFolder: string, tasks: readonly RecurringTask[]) => {
  const recurring = (_types: readonly TaskType[], limit: number) => tasks.slice(0, limit);
  const newestUploads = () => readNewestUploads({ recurring }, stateFolder);
  const sources = { reportQueueDepth: () => 0, eventStreams: () => 0, ready: () => true, newestUploads };
  return seriesOf(await createMetrics(sources).registry.metrics());
};

const exported = async (t: TestContext) => {
  const { stateFolder } = await makeTempHome(t);
  mkdirSync(stateFolder);
  const file = new ExportStateFile(stateFolder, compileDestination(params as never));
  await file.prepare();
  await file.write({ chainId: 'c', exported: 420 });
  await file.writeNewest('p/411-420.ndjson.gz', new Date('2026-11-28T12:00:00Z'));
  return stateFolder;
};

test('an export has the last height of its newest page, and that of a NodeTask which was made anew counts once', async (t) => {
  const stateFolder = await exported(t);
  const again = task('follow', { params: { ...params, prefix: 'q' }, submittedAt: '2026-11-28T13:00:00.000Z' });
  const time = Date.parse('2026-11-28T12:00:00Z') / 1000;
  const of = '{type="result-export",name="follow"}';
  assert.deepEqual(await seriesFor(stateFolder, [task('follow')]), {
    [`height${of}`]: 420,
    [`timestamp_seconds${of}`]: time,
    [`awaited_since_timestamp_seconds${of}`]: time,
  });
  assert.deepEqual(await seriesFor(stateFolder, [task('follow'), again]), {
    [`awaited_since_timestamp_seconds${of}`]: time + 3600,
  });
});

test('state that is damaged takes no other metric with it', async (t) => {
  const stateFolder = await exported(t);
  const { id } = compileDestination(params as never);
  const file = join(stateFolder, 'result-export', id, 'state.json');
  await writeFile(file, 'x');
  const since = 'awaited_since_timestamp_seconds{type="result-export",name="follow"}';
  assert.deepEqual(Object.keys(await seriesFor(stateFolder, [task('follow')])), [since]);
  await rm(file);
  mkdirSync(file);
  // Of a record that was damaged, the params are not known.
  const damaged = [task('follow'), task('lost', { params: {} })];
  assert.deepEqual(Object.keys(await seriesFor(stateFolder, damaged)).toSorted(), [
    since,
    since.replace('follow', 'lost'),
  ]);
});

test('at most 200 schedules have series', async (t) => {
  const stateFolder = await exported(t);
  const tasks = Array.from({ length: 250 }, (_, index) => task(`t-${String(index)}`));
  assert.equal(Object.keys(await seriesFor(stateFolder, tasks)).length, 3 * 200);
});
