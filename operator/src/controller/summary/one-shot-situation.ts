import { plural, shortList } from '../../bounded-text.ts';
import type { Situation } from '../decision.ts';
import { endSituation } from './end-situation.ts';
import type { DecidedTarget } from './rows.ts';
import { hasEnded } from './rows.ts';

/** Where a one-shot is, from its targets. */
export const oneShotSituation = (targets: readonly DecidedTarget[]): Situation => {
  if (targets.every(hasEnded)) return endSituation(targets);

  const open = targets.filter((target) => !hasEnded(target));
  const done = targets.length - open.length;
  const running = open.filter(({ verdict }) => verdict.state === 'running');
  // Trouble first: what does not go by itself is what somebody wants to read.
  const shown =
    open.find(({ verdict }) => verdict.reason === 'AgentUnreachable' || verdict.reason === 'NoAgent') ??
    open.find(({ verdict }) => verdict.reason === 'NoTarget') ??
    running[0] ??
    open.find(({ verdict }) => verdict.state === 'blocked') ??
    open[0];
  const reason = shown?.verdict.reason ?? 'Dispatching';
  return {
    standing: 'progressing',
    phase:
      running.length > 0 ? 'Running' : open.some(({ verdict }) => verdict.state === 'blocked') ? 'Queued' : 'Pending',
    reason,
    message: reason === 'Running' ? runningText(targets, running, done) : (shown?.verdict.message ?? ''),
  };
};

const runningText = (targets: readonly DecidedTarget[], running: readonly DecidedTarget[], done: number): string => {
  const [only] = targets;
  if (targets.length === 1 && only !== undefined) {
    const progress = only.verdict.message;
    return progress === '' ? `runs on ${only.view.pod}` : `runs on ${only.view.pod}, ${progress}`;
  }
  const where = shortList(running.map(({ view }) => view.pod));
  return `${done} of ${plural(targets.length, 'target')} done; runs on ${where}`;
};
