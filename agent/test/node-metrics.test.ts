import assert from 'node:assert/strict';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Chain, startChain, waitFor } from '@nodetask/testbed';
import { post, urlOf } from './support/agent-calls.ts';
import { AgentLauncher } from './support/agent-launcher.ts';
import { startTestS3, testBucket as bucket } from './support/object-store.ts';

/** Metrics of an agent about its node: an agent as a program beside a real CometBFT node, before a real S3 server. */

const s3 = await startTestS3();
const prefix = 'nodetask_agent_';

let chain: Chain;
let launcher: AgentLauncher;
let url: string;

before(async () => {
  chain = await startChain();
  const node = chain.validator;
  launcher = new AgentLauncher(node.home);
  url = await urlOf(
    launcher.launch({
      ...s3.environment,
      NODETASK_NODE_RPC: node.rpcUrl,
      NODETASK_ALLOW_HOST: `127.0.0.1,${node.address}`,
    }),
  );
});

after(async () => {
  await launcher[Symbol.asyncDispose]();
  await chain.stop();
});

const scrape = async (): Promise<ReadonlyMap<string, number>> => {
  const text = await (await fetch(`${url}/v0/metrics`)).text();
  return new Map(
    text
      .split('\n')
      .filter((line) => line.startsWith(prefix))
      .map((line) => {
        const [series = '', value = ''] = line.slice(prefix.length).split(' ');
        return [series, Number(value)] as const;
      }),
  );
};

/** The metrics once they are so: a reading counts for ten seconds. */
const scrapeUntil = async (
  what: string,
  holds: (metrics: ReadonlyMap<string, number>) => boolean,
): Promise<ReadonlyMap<string, number>> => {
  let metrics = await scrape();
  await waitFor(
    async () => {
      metrics = await scrape();
      return holds(metrics);
    },
    { what, timeoutMs: 60_000 },
  );
  return metrics;
};

const submit = async (task: object): Promise<string> => {
  const answer = await post(url, task);
  assert.ok(answer.ok, await answer.clone().text());
  return ((await answer.json()) as { id: string }).id;
};

test('the space of the volume is that of the data folder of the node', async () => {
  const metrics = await scrape();
  const { blocks, bavail, bsize } = await statfs(join(chain.validator.home, 'data'));
  assert.equal(metrics.get('node_volume_size_bytes'), blocks * bsize);
  const free = metrics.get('node_volume_free_bytes') ?? 0;
  assert.ok(Math.abs(free - bavail * bsize) < 1e9, `${free} of ${bavail * bsize}`);
});

test('the height of the node grows with its chain, and it does not catch up', async () => {
  const first = (await scrapeUntil('a height', (now) => (now.get('node_height') ?? 0) > 0)).get('node_height') ?? 0;
  const later = await scrapeUntil('a higher one', (now) => (now.get('node_height') ?? 0) > first);
  assert.equal(later.get('node_catching_up'), 0);
});

const lagOf = (id: string, metrics: ReadonlyMap<string, number>) => metrics.get(`export_lag_blocks{name="${id}"}`);

test('an export that reaches its store has no lag, and the lag of one that does not grows; a schedule has none', async () => {
  const params = { ...s3.params(bucket), pageSize: 20 };
  const daemon = { async: { daemon: { restartPolicy: 'OnFailure' } } };
  const good = await submit({ type: 'result-export', params: { ...params, prefix: 'good' }, ...daemon });
  const bad = await submit({ type: 'result-export', params: { ...params, bucket: 'nobody-has-it' }, ...daemon });
  await submit({
    type: 'result-export',
    params: { ...params, prefix: 'scheduled' },
    async: { schedule: { cron: '0 0 29 2 *' } },
  });
  const first = await scrapeUntil('a lag', (now) => (lagOf(bad, now) ?? 0) > 0);
  const lagBefore = lagOf(bad, first) ?? 0;
  const later = await scrapeUntil('a larger lag', (now) => (lagOf(bad, now) ?? 0) > lagBefore);
  await scrapeUntil('no lag', (now) => lagOf(good, now) === 0);
  assert.equal([...later.keys()].filter((series) => series.startsWith('export_lag_blocks')).length, 2);
  assert.equal((lagOf(bad, later) ?? 1) % 20, 0);
});

test('a run that knows its end tells how far it is', async () => {
  const daemons = await scrapeUntil('progress', (now) => now.has('run_progress_ratio{type="result-export"}'));
  const ratio = daemons.get('run_progress_ratio{type="result-export"}') ?? -1;
  assert.ok(ratio >= 0 && ratio <= 1, String(ratio));
});

test('of a node that does not answer there is no height, and one again when it answers', async () => {
  await chain.validator.stop();
  const metrics = await scrapeUntil('no height', (now) => !now.has('node_height'));
  assert.ok(!metrics.has('node_catching_up'));
  assert.ok(![...metrics.keys()].some((series) => series.startsWith('export_lag_blocks')));
  assert.ok(metrics.has('node_volume_free_bytes'));
  await chain.validator.start();
  await scrapeUntil('a height again', (now) => now.has('node_height'));
});
