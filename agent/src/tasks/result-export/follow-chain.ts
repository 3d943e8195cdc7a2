import { type Clock, type ResultExportParams, sleep, TaskError } from '@nodetask/shared';
import type { TaskContext } from '../../engine/task-handler.ts';
import type { Exporter, Pass } from './exporter.ts';
import { nothingToExport } from './nothing-to-export.ts';
import { PollPace } from './poll-pace.ts';

const firstBackoffMs = 500;
const longestBackoffMs = 30_000;

/**
 * Exports pages as the chain fills them, until the signal aborts. Outages of the node and of the store, and another task that writes to the
 * same place, are waited out with backoff, and told in the progress; what does not pass by itself is thrown, and so is every cause that has kept the
 * newest page from being newer than `maxAgeSeconds`.
 */
export const followChain = async (
  exporter: Exporter,
  context: TaskContext<ResultExportParams>,
  clock: Clock,
): Promise<never> => {
  const { signal, logger, params } = context;
  const pace = new PollPace();
  const patience = new Patience(params.partialPage ? exporter.tuning.partialPageDelayMs : Number.POSITIVE_INFINITY);
  let failures = 0;
  for (;;) {
    signal.throwIfAborted();
    try {
      const pass = await exporter.pass({ partialPage: patience.isUsedUp(clock.monotonic()) });
      if (failures > 0) logger.info('the export goes on', { failures });
      failures = 0;
      context.advanced();
      const now = clock.monotonic();
      pace.saw(pass.latestHeight, now);
      patience.saw(pass, now);
      if (pass.plan.kind === 'pages' || patience.isUsedUp(now)) continue;
      await exporter.refuseOldPage(nothingToExport(pass.plan));
      context.progress(progressOf(pass, exporter));
      await sleep(clock, Math.min(pace.pauseMs(pass.plan.missing), patience.leftMs(now)), signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof TaskError) || !error.retriable) throw error;
      failures++;
      // The first failure is worth a line; an outage of hours is not worth thousands.
      if (failures === 1) logger.warn('the export waits and tries again', { error });
      await exporter.refuseOldPage(error.message);
      context.progress({ stage: `retry after ${error.code}`, done: exporter.blocks, unit: 'blocks', failure: error });
      await sleep(clock, Math.min(longestBackoffMs, firstBackoffMs * 2 ** Math.min(failures - 1, 10)), signal);
    }
  }
};

const progressOf = ({ plan, latestHeight }: Pass, { lastExportedHeight = 0 }: Exporter) => {
  const stage =
    plan.kind === 'nothing' && (plan.reason === 'start-not-reached' || plan.reason === 'node-behind')
      ? plan.reason
      : 'follow';
  return { stage, done: lastExportedHeight, total: Math.max(latestHeight, lastExportedHeight), unit: 'height' };
};

/** How long the first block that is not exported has waited for others to fill its page. */
class Patience {
  readonly #delayMs: number;
  #waiting: { readonly from: number; readonly since: number } | undefined;

  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  saw({ plan }: Pass, now: number): void {
    if (plan.kind === 'pages' || plan.waiting === 0) this.#waiting = undefined;
    else if (this.#waiting?.from !== plan.from) this.#waiting = { from: plan.from, since: now };
  }

  leftMs(now: number): number {
    return this.#waiting === undefined ? Number.POSITIVE_INFINITY : this.#waiting.since + this.#delayMs - now;
  }

  isUsedUp(now: number): boolean {
    return this.leftMs(now) <= 0;
  }
}
