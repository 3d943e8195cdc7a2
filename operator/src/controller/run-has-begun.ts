import { resolveTargets } from './resolve-targets.ts';
import type { RunContext } from './run-context.ts';
import { hasBegun } from './target/has-begun.ts';
import { targetView } from './target/target-view.ts';

/** Whether any target of this run has left the start. */
export const runHasBegun = (ctx: RunContext): boolean => {
  const names = resolveTargets(ctx);
  return names.some((pod) => hasBegun(targetView(ctx, pod, names.length)));
};
