import type { Decision } from '../decision.ts';
import type { RunContext } from '../run-context.ts';

/** One step of the chain of decide: what is to be done, or nothing to say. Pure. */
export type Gate = (ctx: RunContext) => Decision | undefined;

export const nothingToDo: Decision = { calls: [], dropRows: [], events: [] };
