// One round: a node's snapshot goes through the store into the home of a new node, while what takes part in that is killed.
import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeTask } from '@nodetask/shared';
import { hashFolder } from '../../demo/folder-hash.ts';
import { hasCondition, output, succeeded } from '../../demo/step.ts';
import type { ChainNode } from '../../src/chain/chain-node.ts';
import type { Victim } from '../faults/victim.ts';
import { judgeFailure, judgeRestoredNode } from './round-judge.ts';
import type { Verdict } from './round-judge.ts';
import { describeRound } from './round-plan.ts';
import type { LastingFault, Round, RoundFault } from './round-plan.ts';
import type { RoundsStage } from './rounds-stage.ts';
import { strikeAll, failForGood } from './strike.ts';
import type { Scene } from './strike.ts';
import { leaveTorso, snapshotsOf } from './torso.ts';

const taskMs = 120_000;
/** So that an archive of 2 to 3 MB takes a second. */
const bytesPerSecond = 3_000_000;
const retry = { limit: 2, backoffSeconds: 1 };
/** An agent tries long enough by itself to tell a store that stays down. */
const once = { limit: 0 };
const trustHeightOffset = 10;

export interface RoundReport extends Verdict {
  readonly number: number;
  readonly seconds: number;
}

/** Plays the round and judges its end. What stops it half-way, such as a wait that is too long, is a fault of it. */
export const playRound = async (
  stage: RoundsStage,
  round: Round,
  log: (line: string) => void,
): Promise<RoundReport> => {
  const begin = performance.now();
  log(`round ${round.number}: ${describeRound(round)}`);
  const { end, says, faults } = await play(stage, round, log).catch((error: unknown): Verdict => ({
    end: 'neither',
    says: 'it did not come to an end',
    faults: [error instanceof Error ? error.message : String(error)],
  }));
  const seconds = Math.round((performance.now() - begin) / 100) / 10;
  const all = [...faults, ...stage.takeFalls()];
  log(`round ${round.number}: ${says}${all.map((fault) => `; ✘ ${fault}`).join('')} (${seconds} s)`);
  return { number: round.number, seconds, end, says, faults: all };
};

const play = async (stage: RoundsStage, round: Round, log: (line: string) => void): Promise<Verdict> => {
  const { chain, source, s3, bucket, line } = stage;
  const params = { ...s3.params(bucket, line.url('http')), prefix: `round-${round.number}` };
  const uploaded = await upload(stage, round, log, params);
  if (succeeded(uploaded) !== undefined) return judgeFailure(uploaded);
  const height = Number(output(uploaded)['height']);
  if (!(await snapshotsOf(source)).includes(height)) {
    return { end: 'neither', says: 'a torso was uploaded', faults: [`the source has never finished ${height}`] };
  }
  if (round.lasting?.cause === 'archive damaged') await damage(stage, String(output(uploaded)['key']), round.lasting);

  const node = await chain.addNode({ name: `round-${round.number}` });
  if (round.olderSnapshots) await cp(stage.olderSnapshots, join(node.home, 'data', 'snapshots'), { recursive: true });
  const podName = `round-${round.number}`;
  const agent = stage.victim(await stage.makePod(podName, node));
  try {
    return await restore(stage, round, log, { node, agent, podName, params, height });
  } finally {
    agent.release();
    await stage.cluster.deletePod(podName);
    await node.stop();
  }
};

const upload = async (
  stage: RoundsStage,
  round: Round,
  log: (line: string) => void,
  params: Readonly<Record<string, unknown>>,
): Promise<NodeTask> => {
  const { chain, source, sourcePod, sourceAgent, validators } = stage;
  const task = {
    name: `round-${round.number}-upload`,
    spec: { type: 'snapshot-upload', target: { podName: sourcePod }, params, retry },
    faults: round.upload,
    scene: { agent: sourceAgent, direction: 'toServer', data: join(source.home, 'data') },
  } as const;
  if (round.torsoAfterMs === undefined) return runTask(stage, log, task);
  const torso = await leaveTorso(source, round.torsoAfterMs);
  await chain.untilSnapshot(source, torso + 1);
  log(`  the source has left a torso of ${torso}`);
  // The chain stands, so that the torso stays the one below the newest.
  const [witness] = validators;
  witness.process.pause();
  try {
    return await runTask(stage, log, task);
  } finally {
    witness.process.resume();
  }
};

interface Target {
  readonly node: ChainNode;
  readonly agent: Victim;
  readonly podName: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** That was uploaded. */
  readonly height: number;
}

const restore = async (
  stage: RoundsStage,
  round: Round,
  log: (line: string) => void,
  { node, agent, podName, params, height }: Target,
): Promise<Verdict> => {
  const { chain, source, validators } = stage;
  const rpcServers = validators.map(({ rpcUrl }) => rpcUrl);
  const scene = { agent, direction: 'toClient', data: join(node.home, 'data') } as const;
  const configured = await runTask(stage, log, {
    name: `${podName}-state-sync`,
    spec: { type: 'configure-state-sync', target: { podName }, params: { rpcServers, trustHeightOffset }, retry },
    faults: [],
    scene,
  });
  if (succeeded(configured) !== undefined) return judgeFailure(configured);

  const before = await hashFolder(scene.data);
  const restored = await runTask(stage, log, {
    name: `${podName}-restore`,
    spec: {
      type: 'snapshot-restore',
      target: { podName },
      params: { ...params, chainId: await source.chainId() },
      retry: round.lasting === undefined ? retry : once,
    },
    faults: round.restore,
    ...(round.lasting === undefined ? {} : { lasting: round.lasting }),
    scene,
  });
  if (succeeded(restored) !== undefined) {
    const failed = judgeFailure(restored);
    const after = await hashFolder(scene.data);
    if (after.sha256 === before.sha256) return failed;
    const holds = (await readdir(scene.data)).join(', ');
    return { ...failed, faults: [...failed.faults, `the data of the target have changed: they are ${holds}`] };
  }
  const got = output(restored)['height'];
  if (got !== height)
    return {
      end: 'neither',
      says: 'another snapshot was restored',
      faults: [`restored ${String(got)}, not ${height}`],
    };
  return judgeRestoredNode(node, chain.commands(node.home), source, height, round);
};

interface RoundTask {
  readonly name: string;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly faults: readonly RoundFault[];
  readonly lasting?: LastingFault;
  readonly scene: Pick<Scene, 'agent' | 'direction' | 'data'>;
}

/** Applies the task, does the faults while it runs, and answers what it has come to once all that was killed is back. */
const runTask = async (
  { cluster, line, store, operator }: RoundsStage,
  log: (line: string) => void,
  { name, spec, faults, lasting, scene }: RoundTask,
): Promise<NodeTask> => {
  const ended = new AbortController();
  const whole: Scene = { ...scene, line, store, operator, over: ended.signal };
  const healthy = store.rule;
  await line.setMode({ kind: 'throttle', direction: scene.direction, bytesPerSecond });
  const striking = strikeAll(faults, whole, log);
  const failing = lasting === undefined ? Promise.resolve() : failForGood(lasting, whole, log);
  try {
    await cluster.applyNodeTask(name, spec);
    const task = await cluster.untilNodeTask<NodeTask>(
      name,
      (seen) => seen !== undefined && hasCondition(seen, 'Finished'),
      { what: `${name} to finish`, timeoutMs: taskMs },
    );
    if (task === undefined) throw new Error(`${name} is gone`);
    log(`  ${name}: ${task.status?.phase ?? 'no phase'}`);
    return task;
  } finally {
    ended.abort();
    await Promise.all([striking, failing]);
    store.rule = healthy;
    await line.setMode({ kind: 'pass' });
  }
};

/** Another byte in the archive. */
const damage = async ({ s3, bucket }: RoundsStage, key: string, { afterBytes }: LastingFault): Promise<void> => {
  const bytes = await s3.files.get(bucket, key);
  const at = Math.min(afterBytes, bytes.length - 1);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
  await s3.files.put(bucket, key, bytes);
};
