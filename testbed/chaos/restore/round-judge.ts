// Which of its two ends a round has had; everything else is a fault.
import { isDeepStrictEqual } from 'node:util';
import { errorCodes } from '@nodetask/shared';
import type { NodeTask } from '@nodetask/shared';
import type { ChainNode } from '../../src/chain/chain-node.ts';
import type { SdkCommands } from '../../src/chain/sdk-commands.ts';
import { restoreState } from '../../demo/restore-state.ts';
import { result } from '../../demo/step.ts';
import type { Round } from './round-plan.ts';

export interface Verdict {
  readonly end: 'failed' | 'follows' | 'neither';
  readonly says: string;
  /** What is wrong with it; empty: it is one of the two that may be. */
  readonly faults: readonly string[];
}

/** A task that has failed says why: with a code that has a remedy, in the result and in the condition that people read. */
export const judgeFailure = (task: NodeTask): Verdict => {
  const name = task.metadata?.name ?? 'a task';
  const { errorCode = 'no code', error = '' } = result(task) ?? {};
  const conditions = task.status?.conditions ?? [];
  const faults = [
    ...(task.status?.phase === 'Failed' ? [] : [`${name} is ${task.status?.phase ?? 'without a phase'}`]),
    ...(Object.hasOwn(errorCodes, errorCode) ? [] : [`${name} failed with ${errorCode}`]),
    ...(error === '' ? [`${name} failed without a message`] : []),
    ...(conditions.some(({ message }) => message.includes(errorCode))
      ? []
      : [`no condition of ${name} has ${errorCode}`]),
  ];
  return { end: 'failed', says: `${name} failed, ${errorCode}: ${error}`, faults };
};

/** The node makes its state of the snapshot that was restored, starts, and follows `source`, also after it has been killed. */
export const judgeRestoredNode = async (
  node: ChainNode,
  commands: SdkCommands,
  source: ChainNode,
  height: number,
  { stateByHalf, killedAfterBlocks }: Pick<Round, 'stateByHalf' | 'killedAfterBlocks'>,
): Promise<Verdict> => {
  const listed = await commands.listSnapshots();
  const [snapshot] = listed;
  if (snapshot?.height !== height || listed.length !== 1) {
    const heights = listed.map((one) => one.height).join(', ');
    return {
      end: 'neither',
      says: 'the node lists other snapshots',
      faults: [`the node lists ${heights || 'none'}, not ${height} alone`],
    };
  }
  if (stateByHalf) await commands.restoreSnapshot(snapshot);
  await restoreState(node.home);
  const again = await restoreState(node.home);
  if (again.length > 0) return { end: 'neither', says: 'the state was made twice', faults: again };
  await node.start();
  if (killedAfterBlocks !== undefined) {
    await node.waitForHeight(height + 1 + killedAfterBlocks);
    await node.process.kill();
    await node.start();
  }
  const reached = await node.waitUntilFollowing(source);
  await node.waitForHeight(reached + 3);
  const path = `/block?height=${reached}`;
  const [earliest, own, other] = await Promise.all([node.earliestHeight(), node.rpc(path), source.rpc(path)]);
  return {
    end: 'follows',
    says: `the node follows at ${reached + 3}, from block ${earliest} on`,
    faults: [
      ...(earliest === height + 1 ? [] : [`its first block is ${earliest}, not ${height + 1}`]),
      ...(isDeepStrictEqual(own, other) ? [] : [`its block ${reached} is not the source's`]),
    ],
  };
};
