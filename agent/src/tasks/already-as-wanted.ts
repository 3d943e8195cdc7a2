import type { JsonObject } from '@nodetask/shared';
import type { ToldReport } from '../engine/task-handler.ts';
import { nothingDone } from './nothing-done.ts';

/** The report of a task that found in the files what its params ask for: "config.toml and app.toml say already what the params ask for". */
export const alreadyAsWanted = (files: readonly string[], output: JsonObject): ToldReport => {
  const [only] = files;
  const say = files.length === 1 && only !== undefined ? `${only} says` : `${files.join(' and ')} say`;
  return nothingDone('already-as-wanted', `${say} already what the params ask for`, output);
};
