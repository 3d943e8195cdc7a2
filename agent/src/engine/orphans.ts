import { type Clock, type Logger, sleep } from '@nodetask/shared';
import { type Answer, askAll } from './ask-all.ts';
import type { Journal } from './journal.ts';
import { isOwned, type NodeTasks, type OwnedTask, type ShownRuns } from './node-tasks.ts';
import type { TaskRecord } from './store.ts';
import { taskFields } from './task-fields.ts';

/** How long an answer is waited for, in milliseconds. */
const startBoundMs = 10_000;
const firingBoundMs = 5_000;
const retryAtStartMs = 500;

/** Between rounds of questions: while the API server does not answer, and otherwise. */
const awayPauseMs = 5_000;
const pauseMs = 60_000;

/** After a question, a schedule may fire for this time whatever the answer was, in milliseconds. */
const answerCountsMs = 120_000;

export interface OrphansOptions {
  readonly nodeTasks: NodeTasks;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Stops a task and leaves a tombstone. `told`: its NodeTask is there, and hears of that. */
  readonly remove: (id: string, told: boolean) => void;
  /** Takes the runs of a schedule that its NodeTask shows for made. */
  readonly catchUp: (id: string, shown: ShownRuns) => void;
  /** A schedule that was held back may fire now. */
  readonly onAnswer: () => void;
}

/**
 * Finds the tasks whose NodeTasks are gone, and removes them. The operator stops the work of a NodeTask that is deleted, but not if it cannot reach the
 * agent, and a journal that was put back from a copy knows nothing of what was deleted since. So the API server is asked: at the start before anything
 * is resumed, before a schedule fires whose NodeTask has not been heard of for long, and now and then about what runs. A node does not
 * depend on it: if it does not answer in time, the work goes on, and the question stays open.
 */
export class Orphans {
  readonly #options: OrphansOptions;
  readonly #stopped = new AbortController();
  /** Tasks that were asked about in vain. */
  readonly #open = new Set<string>();
  /** Tasks that are to go but are still in the journal, because that could not be written. */
  readonly #doomed = new Set<string>();
  /** By task: when the answer before its firing came, or undefined while it is on its way. */
  readonly #answers = new Map<string, number | undefined>();
  #isForbidden = false;

  constructor(options: OrphansOptions) {
    this.#options = options;
  }

  /** Asks about the tasks that an earlier process has left. Resolves when each is answered, or the bound is over. */
  async start(tasks: readonly TaskRecord[]): Promise<void> {
    const bound = this.#bound(startBoundMs);
    let open: readonly OwnedTask[] = tasks.filter(isOwned);
    do open = await this.#askAll(open, bound.signal);
    while (open.length > 0 && (await this.#pause(retryAtStartMs, bound.signal)));
    bound.cancel();
    for (const { id } of open) this.#open.add(id);
    if (open.length === 0 || this.#stopped.signal.aborted) return;
    const message =
      'the API server does not say whether the NodeTasks of earlier tasks exist: they go on until it does';
    this.#options.logger.warn(message, { tasks: open.length, waitedMs: startBoundMs });
  }

  /** Goes on asking: about what has no answer, and about what runs and has not been heard of for long. Ends with stop(). */
  async watch(): Promise<void> {
    const { nodeTasks, journal } = this.#options;
    const isInQuestion = ({ id, kind, active, ref }: OwnedTask): boolean =>
      this.#doomed.has(id) || this.#open.has(id) || ((kind !== 'schedule' || active) && !nodeTasks.isFresh(ref));
    let isAway = this.#open.size > 0;
    while (await this.#pause(isAway ? awayPauseMs : pauseMs, this.#stopped.signal)) {
      const living = journal.living();
      this.#forgetAllBut(new Set(living.map(({ id }) => id)));
      const bound = this.#bound(startBoundMs);
      isAway = (await this.#askAll(living.filter(isOwned).filter(isInQuestion), bound.signal)).length > 0;
      bound.cancel();
    }
  }

  stop(): void {
    this.#stopped.abort(new Error('the engine stops'));
  }

  /** True if a task is to go: nothing of it starts, although the journal still has it. */
  isDoomed(id: string): boolean {
    return this.#doomed.has(id);
  }

  /**
   * True if a schedule may fire. If nothing has been heard of its NodeTask for long, the API server is asked, and onAnswer is called when it has answered or the
   * time for that is over.
   */
  mayFire(record: TaskRecord): boolean {
    if (this.#doomed.has(record.id)) return false;
    const { nodeTasks, clock, logger } = this.#options;
    if (!isOwned(record) || nodeTasks.isFresh(record.ref)) return true;
    if (this.#answers.has(record.id)) {
      const answeredAt = this.#answers.get(record.id);
      if (answeredAt === undefined) return false;
      if (clock.monotonic() - answeredAt < answerCountsMs) return true;
    }
    this.#answers.set(record.id, undefined);
    this.#askBeforeFiring(record).catch((error: unknown) => {
      logger.error('a fault of the engine itself before a schedule fires', { ...taskFields(record), error });
    });
    return false;
  }

  async #askBeforeFiring(task: OwnedTask): Promise<void> {
    const bound = this.#bound(firingBoundMs);
    const open = await this.#askAll([task], bound.signal);
    bound.cancel();
    for (const { id } of open) this.#open.add(id);
    this.#answers.set(task.id, this.#options.clock.monotonic());
    if (!this.#stopped.signal.aborted) this.#options.onAnswer();
  }

  async #askAll(tasks: readonly OwnedTask[], signal: AbortSignal): Promise<readonly OwnedTask[]> {
    return askAll(this.#options.nodeTasks, tasks, signal, (task, answer) => {
      // Nothing is written any more then; the next start asks again.
      if (!this.#stopped.signal.aborted) this.#conclude(task, answer);
    });
  }

  #conclude(task: OwnedTask, answer: Answer): void {
    switch (answer.kind) {
      case 'wanted':
        this.#open.delete(task.id);
        if (answer.ahead !== undefined) this.#catchUp(task, answer.ahead);
        return;
      case 'over':
      case 'gone':
        this.#remove(task, answer.kind === 'over', answer.why);
        return;
      case 'forbidden':
        this.#open.add(task.id);
        this.#sayForbidden(task);
        return;
      default:
        answer satisfies never;
    }
  }

  #remove(task: OwnedTask, told: boolean, why: string): void {
    const { journal, logger, remove } = this.#options;
    if (journal.livingTask(task.id) === undefined) return;
    this.#doomed.add(task.id);
    try {
      remove(task.id, told);
      this.#doomed.delete(task.id);
      logger.warn('a task that its NodeTask does not want any more is removed', { ...taskFields(task), why });
    } catch (error) {
      logger.error('a task that its NodeTask does not want any more cannot be removed yet: it starts nothing', {
        ...taskFields(task),
        why,
        error,
      });
    }
  }

  #catchUp(task: OwnedTask, shown: ShownRuns): void {
    const { logger, catchUp } = this.#options;
    try {
      catchUp(task.id, shown);
      const message = 'the NodeTask of a schedule shows runs that the journal does not know: they count as made';
      logger.warn(message, { ...taskFields(task), run: shown.run });
    } catch (error) {
      logger.error('runs that the NodeTask of a schedule shows cannot be journalled', { ...taskFields(task), error });
    }
  }

  #sayForbidden({ ref }: OwnedTask): void {
    if (this.#isForbidden) return;
    this.#isForbidden = true;
    this.#options.logger.warn(
      `the agent may not ask whether NodeTasks exist, so tasks of deleted ones may go on: its service account needs the verb get on nodetasks (nodetask.dev) in the namespace ${ref.namespace}`,
    );
  }

  #forgetAllBut(living: ReadonlySet<string>): void {
    for (const known of [this.#open, this.#doomed, this.#answers]) {
      for (const id of known.keys()) if (!living.has(id)) known.delete(id);
    }
  }

  #bound(ms: number): { readonly signal: AbortSignal; readonly cancel: () => void } {
    const bound = new AbortController();
    const cancel = this.#options.clock.setTimer(ms, () => {
      bound.abort(new Error(`the API server did not answer within ${ms} ms`));
    });
    return { signal: AbortSignal.any([bound.signal, this.#stopped.signal]), cancel };
  }

  /** False if the signal aborts. */
  async #pause(ms: number, signal: AbortSignal): Promise<boolean> {
    try {
      await sleep(this.#options.clock, ms, signal);
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      throw error;
    }
  }
}
