import { boundedText } from '../../bounded-text.ts';
import { statusChange } from '../summary/owned-status.ts';
import { transitionEvents } from '../transition-events.ts';
import { type Gate, nothingToDo } from './gate.ts';
import { heldStatus } from './hold.ts';

/** The API server took the spec, this operator cannot read it: the CRD and the operator are of different versions. */
export const invalidSpec: Gate = (ctx) => {
  if (ctx.specFault === undefined) return undefined;
  const message = boundedText(
    `this operator cannot read the spec (${ctx.specFault}); correct it, or install the CRD of the operator's version`,
  );
  const held = heldStatus(ctx, { standing: 'stalled', phase: 'Stalled', reason: 'InvalidSpec', message });
  const change = statusChange(ctx, held);
  return { ...nothingToDo, ...change, events: transitionEvents(ctx.status, change.status) };
};
