import {
  maxTargetRows,
  type NodeTaskStatus,
  nodeTaskStatusSchema,
  type TargetStatus,
  targetStatusSchema,
} from '@nodetask/shared';
import { readMembers } from './read-members.ts';

/** The status as far as it fits, without what tasks put out: nothing is decided by that, and it is most of a status. */
export const readStatus = (status: unknown): NodeTaskStatus => {
  if (typeof status !== 'object' || status === null) return {};
  const { targets, ...rest } = status as { readonly targets?: unknown };
  const { targets: _, ...shape } = nodeTaskStatusSchema.shape;
  const members = readMembers(shape, rest);
  return Array.isArray(targets) ? { ...members, targets: targets.slice(0, maxTargetRows).map(readRow) } : members;
};

/**
 * A row is never left out, as rows are taken off status by their place in the list. One without the name of a pod is a row of no pod, and is taken off as
 * foreign rows are.
 */
const readRow = (row: unknown): TargetStatus => {
  const { result, ...members } = readMembers(targetStatusSchema.shape, row);
  return { pod: '', ...members, ...(result === undefined ? {} : { result: withoutOutput(result) }) };
};

const withoutOutput = (result: NonNullable<TargetStatus['result']>): TargetStatus['result'] => {
  const { output: _, ...kept } = result;
  return kept;
};
