/** A restore compares the archive with the node that it is for, not only with its parameters. */
import { type SnapshotRestoreParams, TaskError } from '@nodetask/shared';
import type { NodeHome } from '../../node/node-home.ts';
import { findGenesisFile } from '../../node/node-paths.ts';
import { findOwnChain } from '../../node/own-chain.ts';
import { type RunningNodeOptions, signOfRunningNode } from '../../node/running-node.ts';

/** The chain of the node's own genesis has to be the one of the params. Answers false if the node has no genesis yet. */
export const checkNodeChain = async (home: NodeHome, chainId: string, signal: AbortSignal): Promise<boolean> => {
  const ofNode = await findOwnChain(home, signal);
  if (ofNode === undefined) return false;
  if (ofNode === chainId) return true;
  const genesis = await findGenesisFile(home);
  throw new TaskError(
    'chain-mismatch',
    `chainId is ${chainId}, but ${genesis.path} of the node says ${ofNode}; nothing was changed: check target and chainId`,
  );
};

/** Answers with a warning if the node runs and `allowRunning` insists. Throws TaskError `node-running`. */
export const checkNodeStopped = async (
  options: RunningNodeOptions,
  { allowRunning }: Pick<SnapshotRestoreParams, 'allowRunning'>,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const sign = await signOfRunningNode(options, signal);
  if (sign === undefined) return undefined;
  if (allowRunning) return `the node runs (${sign}): restart it, or it goes on without the restored snapshots`;
  throw new TaskError(
    'node-running',
    `the node runs: ${sign}; nothing was changed: stop it first, or set allowRunning to insist`,
  );
};
