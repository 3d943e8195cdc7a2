import type { NodeTaskSpec } from '@nodetask/shared';
import { statusChange } from '../summary/owned-status.ts';
import { transitionEvents } from '../transition-events.ts';
import { type Gate, nothingToDo } from './gate.ts';
import { heldStatus } from './hold.ts';
import { heldPhase } from './invalid-spec.ts';

/** Fields of the API that this version does not act on yet: never ignored, but said, until they are taken out. */
export const refuseUnsupported: Gate = (ctx) => {
  const found = ctx.spec === undefined ? undefined : unsupported(ctx.spec);
  if (found === undefined) return undefined;
  const message = `this version of the operator does not act on ${found}; nothing new is started`;
  const held = heldStatus(ctx, { standing: 'stalled', phase: heldPhase(ctx), reason: 'NotSupported', message });
  const change = statusChange(ctx, held);
  return { ...nothingToDo, ...change, events: transitionEvents(ctx.status, change.status) };
};

/** The first such field with its value and what to do about it. */
const unsupported = (spec: NodeTaskSpec): string | undefined => {
  const { ttlSecondsAfterFinished } = spec;
  if (ttlSecondsAfterFinished !== undefined) {
    return `spec.ttlSecondsAfterFinished ${ttlSecondsAfterFinished}: remove it, and delete the NodeTask yourself`;
  }
  return undefined;
};
