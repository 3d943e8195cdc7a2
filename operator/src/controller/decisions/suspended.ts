import { runHasBegun } from '../run-has-begun.ts';
import { suspendedSituation } from '../summary/suspended-situation.ts';
import { heldBackVerdict } from '../target/held-back.ts';
import type { Gate } from './gate.ts';
import { holdStart } from './hold-start.ts';

/**
 * spec.suspend before anything of the run has begun: waits, for as long as that takes, without any budget running. Once something has
 * begun, that goes on, and its targets decide what is held back.
 */
export const suspended: Gate = (ctx) => {
  if (ctx.spec?.suspend !== true || runHasBegun(ctx)) return undefined;
  return holdStart(ctx, suspendedSituation([], ctx.mode), heldBackVerdict);
};
