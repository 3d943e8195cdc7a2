import { momentText } from '@nodetask/shared';
import { boundedText } from '../../bounded-text.ts';
import { daemonRetryingMs, daemonStalledMs } from '../timing.ts';
import { progressText } from './progress-text.ts';
import type { TargetVerdict, TargetView } from './target-view.ts';

/** How a daemon looks that its agent has taken. One that fails and tries again is not ready for ever. */
export const daemonGoingOn = ({ result, pod, ctx }: TargetView): TargetVerdict => {
  if (result === undefined) {
    return { state: 'pending', reason: 'Dispatching', message: `the agent of pod ${pod} starts the daemon` };
  }
  // A daemon that threw and is started again after a pause tells of the error until it runs.
  if (result.error !== undefined) {
    const message = `the daemon of pod ${pod} ended and is started again (restart ${result.run}): ${result.error}`;
    return { state: 'pending', reason: 'DaemonRestarting', message: boundedText(message) };
  }
  const { progress } = result;
  if (progress?.stalledSince !== undefined) {
    const since = Date.parse(progress.stalledSince);
    const { code, message } = progress.lastError ?? { code: undefined, message: 'it does not say why' };
    const text = boundedText(
      `no advance on ${pod} since ${momentText(progress.stalledSince)}${code === undefined ? '' : ` (${code})`}: ${message}`,
    );
    if (ctx.now >= since + daemonStalledMs) return { state: 'running', reason: 'DaemonStalled', message: text };
    if (ctx.now >= since + daemonRetryingMs)
      return { state: 'running', reason: 'DaemonRetrying', message: text, wakeAt: since + daemonStalledMs };
    return { ...running(result), wakeAt: since + daemonRetryingMs };
  }
  return running(result);
};

const running = ({ run, progress }: NonNullable<TargetView['result']>): TargetVerdict => ({
  state: 'running',
  reason: 'DaemonRunning',
  message: [
    ...(progress === undefined ? [] : [progressText(progress)]),
    ...(run > 1 ? [`restarted ${times(run - 1)} so far`] : []),
  ].join('; '),
});

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);
