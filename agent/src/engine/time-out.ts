import { amountText, durationText, type Progress, TaskError } from '@nodetask/shared';
import type { OutsideWait } from '../outside-waits.ts';

/** As much as is known of what a run is doing. */
export interface Doing {
  readonly wait?: OutsideWait | undefined;
  /** The last that the handler told. */
  readonly progress?: Progress | undefined;
  /** Since then, in seconds. */
  readonly secondsSince: number;
}

/** The end of a run by its time limit: it says what the run was doing, since nobody can find out why it was slow without that. */
export const timedOut = (limitSeconds: number, doing: Doing): TaskError =>
  new TaskError('timed-out', `timed out after ${durationText(limitSeconds)}${waiting(doing.wait)}${stageOf(doing)}`);

/** The end of a run whose time was over before the agent took it up again. */
export const timedOutBefore = (limitSeconds: number): TaskError =>
  new TaskError('timed-out', `timed out after ${durationText(limitSeconds)}, while no agent ran`);

const waiting = (wait: OutsideWait | undefined): string => {
  if (wait === undefined) return '';
  const others = wait.others === 0 ? '' : ` and ${wait.others} more`;
  return ` while waiting for ${wait.what}${others} (for ${durationText(wait.seconds)})`;
};

const stageOf = ({ progress, secondsSince }: Doing): string => {
  if (progress === undefined) return '';
  const { stage, done, unit, percent } = progress;
  const far = percent === undefined ? amountText(done, unit) : `${Math.floor(percent)} %`;
  return ` at stage ${stage} (${far}, ${durationText(secondsSince)} ago)`;
};
