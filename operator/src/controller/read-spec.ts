import { type NodeTask, nodeTaskSpecSchema, type TaskType } from '@nodetask/shared';
import type * as z from 'zod';
import { boundedText } from '../bounded-text.ts';
import { sizeOf } from '../kube/cache-budget.ts';
import { readMembers } from './read-members.ts';

/** More than any spec that fits takes in memory. A larger one is not even looked at: each fault in it would take time and memory of its own. */
const maxSpecBytes = 1024 * 1024;

/** A type that no agent knows. */
const unreadableType = 'unreadable' as TaskType;

/** The spec as it is where it fits, else the members of it that do, and why the whole does not. */
export const readSpec = (spec: unknown): { readonly spec: NodeTask['spec']; readonly specFault?: string } => {
  if (sizeOf(spec) > maxSpecBytes) {
    return { spec: readable({}), specFault: 'spec: it is larger than any spec that this operator knows' };
  }
  const { error } = nodeTaskSpecSchema.safeParse(spec);
  if (error === undefined) return { spec: spec as NodeTask['spec'] };
  return { spec: readable(readMembers(nodeTaskSpecSchema.shape, spec)), specFault: faultOf(error) };
};

const readable = (members: Partial<NodeTask['spec']>): NodeTask['spec'] => ({
  type: unreadableType,
  // It names no pod.
  target: {},
  ...members,
});

/** The faults of a spec, for people. */
const faultOf = ({ issues }: z.ZodError): string =>
  boundedText(
    issues
      .slice(0, 8)
      .map(({ path, message }) => `${['spec', ...path].join('.')}: ${message}`)
      .join('; '),
  );
