import { isDeepStrictEqual } from 'node:util';
import type { NodeTask } from '@nodetask/shared';
import { taskMode } from '../task-mode.ts';
import { placeKey, placeKeys } from './places.ts';

/** Keys of the places where a change of a NodeTask may let the next one start: it stands there no more, or a run of a schedule ended. */
export const freedPlaces = (before: NodeTask | undefined, after: NodeTask | undefined): readonly string[] => {
  if (before === undefined || before === after) return [];
  const still = new Set(after === undefined ? [] : placeKeys(after));
  return [...placeKeys(before).filter((key) => !still.has(key)), ...endedRuns(before, after)];
};

/** What schedules and daemons hold, they hold for a run or a write; that one has ended shows in what their agents report. */
const endedRuns = (before: NodeTask, after: NodeTask | undefined): readonly string[] => {
  if (taskMode(before.spec) === 'one-shot') return [];
  const now = new Map((after?.status?.targets ?? []).map((row) => [row.pod, row]));
  return (before.status?.targets ?? [])
    .filter(({ pod, result, runs }) => {
      const row = now.get(pod);
      return row === undefined || !isDeepStrictEqual([row.runs?.[0], row.result?.status], [runs?.[0], result?.status]);
    })
    .map(({ pod }) => placeKey(before.metadata.namespace, pod));
};
