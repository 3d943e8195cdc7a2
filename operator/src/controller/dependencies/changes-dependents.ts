import { isDeepStrictEqual } from 'node:util';
import type { NodeTask } from '@nodetask/shared';
import type { Reason } from '../reasons.ts';
import { dependencyState } from './dependency-state.ts';

/** Whether a change of a NodeTask can matter to those that depend on it: most are of its progress. */
export const changesDependents = (before: NodeTask | undefined, after: NodeTask | undefined): boolean =>
  !isDeepStrictEqual(essence(before), essence(after));

const essence = (nodeTask: NodeTask | undefined): unknown => [
  nodeTask?.metadata.uid,
  dependencyState(nodeTask),
  nodeTask?.spec.runID,
  // Who finds itself in a cycle, or no more, lets the others of it look again.
  nodeTask?.spec.dependsOn,
  nodeTask?.status?.conditions?.some(({ reason }) => (reason as Reason) === 'DependencyCycle') === true,
];
