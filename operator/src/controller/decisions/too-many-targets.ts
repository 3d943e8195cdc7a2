import { maxTargets } from '@nodetask/shared';
import { resolveTargets } from '../resolve-targets.ts';
import { statusChange } from '../summary/owned-status.ts';
import { transitionEvents } from '../transition-events.ts';
import { type Gate, nothingToDo } from './gate.ts';
import { heldStatus } from './hold.ts';

/** More pods match than status can hold: waits until the selector or the pods change. */
export const tooManyTargets: Gate = (ctx) => {
  const { length } = resolveTargets(ctx);
  if (length <= maxTargets) return undefined;
  const message = `spec.target.selector matches ${length} pods, and the most is ${maxTargets}: split it over several NodeTasks`;
  const held = heldStatus(ctx, { standing: 'stalled', phase: 'Stalled', reason: 'TooManyTargets', message });
  const change = statusChange(ctx, held);
  return { ...nothingToDo, ...change, events: transitionEvents(ctx.status, change.status) };
};
