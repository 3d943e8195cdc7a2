import { type JsonObject, TaskError } from '@nodetask/shared';
import type { StateData } from '../../node/state-data.ts';
import { type Change, sayChanges } from './changes.ts';

export interface HistoryQuestion {
  readonly losses: readonly Change[];
  /** The param `allowHistoryLoss`. */
  readonly isAllowed: boolean;
  /** Looks at the node; asked only if there are losses. */
  readonly findState: () => Promise<StateData>;
  /** For the output of a task that fails. */
  readonly output: JsonObject;
}

/**
 * Refuses a change that makes the node delete history that it has, unless the params allow it. A node without state has none to lose. Answers warnings
 * for the report. Throws TaskError `history-loss`.
 */
export const refuseHistoryLoss = async (question: HistoryQuestion): Promise<readonly string[]> => {
  const { losses, isAllowed, findState, output } = question;
  if (losses.length === 0) return [];
  const { found } = await findState();
  if (found === undefined) return [];
  const said = sayChanges({ listed: losses, count: losses.length }, losses.length);
  if (isAllowed) return [`the node deletes history that it has when it runs on with this app.toml: ${said}`];
  throw new TaskError(
    'history-loss',
    `app.toml: with ${said} the node would delete history that it has, for good (${found}); nothing was written: leave these keys as they are, or set allowHistoryLoss to true if that history may go`,
    { output },
  );
};
