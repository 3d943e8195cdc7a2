import { momentText, type ScheduleUpdate, TaskError } from '@nodetask/shared';
import { BusyError } from './busy-error.ts';
import { cronTrigger } from './cron/cron-trigger.ts';
import { dueFiring } from './due-firing.ts';
import { type EngineCore, timestampNow } from './engine-core.ts';
import { failureOf } from './failure.ts';
import { checkParams, locksOf } from './handlers.ts';
import { newRecord } from './new-record.ts';
import type { ShownRuns } from './node-tasks.ts';
import { byHeight, recurs, revised, runCompleted, runFailed, runMissed, runStarted } from './record-changes.ts';
import { resumption, usableHandler } from './resumption.ts';
import { afterClockAhead, parseUpdate, scheduleOf, updated, waits, withNextRun } from './schedule-state.ts';
import type { TaskRecord } from './store.ts';
import type { Submission } from './submission.ts';
import { taskFields } from './task-fields.ts';
import type { TaskHandler } from './task-handler.ts';

/** The engine asks this long before a firing if the schedule may fire, so that it fires on time; more than a look at the wall clock apart (see Ticker). */
const lookAheadMs = 60_000;

/**
 * Tasks that run by cron or at a block height. A firing that cannot start at its time, because the agent was down, a lock is
 * held or the last run still goes on, stays due: it starts as one run as soon as it can, or is missed when its starting deadline passes.
 */
export class Schedules {
  readonly #core: EngineCore;
  readonly #mayFire: (record: TaskRecord) => boolean;

  /** @param mayFire False: not yet, or never. May be asked some time before a firing. */
  constructor(core: EngineCore, mayFire: (record: TaskRecord) => boolean) {
    this.#core = core;
    this.#mayFire = mayFire;
  }

  submit(submission: Submission): void {
    const { journal, observer, clock } = this.#core;
    const { handler, type, params, resume } = submission;
    checkParams(handler, type, params);
    const now = clock.now();
    const record = newRecord(submission, 'schedule', journal.nextSequence(), timestampNow(this.#core));
    if (resume?.fired === true && byHeight(record)) {
      this.#commit(alreadyFired(record, resume.lastRunAt ?? record.result.submittedAt));
      return;
    }
    // Firings since the last one that is known of were missed: they become one.
    const last = resume?.lastRunAt === undefined ? now : Math.min(now, Date.parse(resume.lastRunAt));
    this.#commit(withNextRun(record, last));
    observer.submitted(type, 'schedule');
  }

  /**
   * Changes a living schedule. Run number, history and an active run stay; the next time is reckoned anew from now.
   * @throws TaskError `not-found`, `invalid-request`, `invalid-schedule`
   */
  update(id: string, update: ScheduleUpdate): TaskRecord {
    const parsed = parseUpdate(update);
    const record = this.#core.journal.get(id);
    if (record === undefined) throw new TaskError('not-found', `there is no task ${id}`);
    if (record.kind !== 'schedule' || record.result.status !== 'running') {
      const what = record.kind === 'schedule' ? 'a schedule that has ended' : `a ${record.kind}`;
      throw new TaskError('invalid-request', `task ${id} is ${what}; only a living schedule can be updated`);
    }
    const changed = updated(record, parsed, this.#core.clock.now());
    if (changed !== record) this.#commit(changed);
    return changed;
  }

  /** At the start of the engine: ends or repeats a run that was interrupted. The next time stays as it was. */
  recover(record: TaskRecord, crashed: boolean): void {
    const { handlers, logger } = this.#core;
    const usable = usableHandler(record, handlers);
    if (usable instanceof TaskError) {
      this.#commit(runFailed(record, failureOf(usable), timestampNow(this.#core), true));
      return;
    }
    if (!record.active) return;
    const next = resumption(record, handlers, crashed);
    if (next.kind === 'fail') {
      this.#interrupted(record, next.error);
      return;
    }
    logger.info('running the interrupted run of a schedule again', taskFields(record));
    try {
      this.#launch(revised(record, next.changes), next.handler, next.kind === 'finish' ? next.error : undefined);
    } catch (error) {
      if (!(error instanceof TaskError) || error.code === 'store-unavailable') throw error;
      this.#interrupted(
        record,
        new TaskError('interrupted', `the agent ended while it ran; not run again: ${error.message}`),
      );
    }
  }

  /** Takes runs that somebody else knows of for made: the journal was put back from a copy. The next time is reckoned from the last of them. */
  catchUp(id: string, { run, lastRunAt }: ShownRuns): void {
    const { journal, runner, clock } = this.#core;
    const record = journal.livingTask(id);
    if (record?.kind !== 'schedule' || runner.get(id) !== undefined) return;
    const last = lastRunAt === undefined ? clock.now() : Math.min(clock.now(), Date.parse(lastRunAt));
    const behind = revised(record, { active: false, result: { ...record.result, run } });
    this.#commit(byHeight(record) ? alreadyFired(behind, new Date(last).toISOString()) : withNextRun(behind, last));
  }

  /** Starts what is due. A schedule that cannot be judged now does not keep the others from it. */
  evaluate(now: number): void {
    for (const { id } of this.#core.journal.living()) {
      if (this.#core.runner.stopping) return;
      // As it is now: a listener that heard of the start of another may have changed it, removed it, or evaluated on its own.
      const found = this.#core.journal.livingTask(id);
      if (found === undefined || !waits(found) || found.result.nextRunAt === undefined) continue;
      const record = this.#afterClockAhead(found, now);
      if (record.result.nextRunAt === undefined) continue;
      const dueAt = Date.parse(record.result.nextRunAt);
      if (dueAt > now + lookAheadMs || !this.#mayFire(record) || dueAt > now) continue;
      try {
        this.#fire(record, dueAt, now);
      } catch (error) {
        this.#core.logger.error('a due schedule could not be started; it stays due', { ...taskFields(record), error });
      }
    }
  }

  /** The chain has reached a height: schedules that wait for it, or for a lower one, become due. */
  reached(height: number): void {
    for (const { id } of this.#core.journal.living()) {
      const record = this.#core.journal.livingTask(id);
      if (record === undefined || !waits(record) || record.result.nextRunAt !== undefined) continue;
      const { blockHeight } = scheduleOf(record);
      if (blockHeight === undefined || blockHeight > height) continue;
      const due = { ...record.result, nextRunAt: timestampNow(this.#core) };
      this.#commit(revised(record, { result: due }));
    }
  }

  /** Whether some schedule waits for a block height. */
  awaitHeight(): boolean {
    return this.#core.journal
      .living()
      .some((record) => waits(record) && byHeight(record) && record.result.nextRunAt === undefined);
  }

  #afterClockAhead(record: TaskRecord, now: number): TaskRecord {
    const corrected = afterClockAhead(record, now);
    if (corrected === undefined) return record;
    const { logger } = this.#core;
    try {
      this.#commit(revised(corrected, {}));
    } catch (error) {
      logger.error('the next time of a schedule, which a clock that was ahead has moved, stays as it is', {
        ...taskFields(record),
        error,
      });
      return record;
    }
    const { nextRunAt } = corrected.result;
    logger.warn('the clock was ahead for a while: the next time is reckoned anew', {
      ...taskFields(record),
      nextRunAt,
    });
    return this.#core.journal.livingTask(record.id) ?? record;
  }

  #fire(record: TaskRecord, dueAt: number, now: number): void {
    const { cron, timeZone, startingDeadlineSeconds } = scheduleOf(record);
    const trigger = cron === undefined ? undefined : cronTrigger(cron, timeZone);
    const due = trigger === undefined ? { at: dueAt, superseded: 0 } : dueFiring(trigger, dueAt, now);
    const next = trigger === undefined ? undefined : new Date(trigger.next(now)).toISOString();
    const counted =
      due.superseded === 0 ? record : { ...record, missedRuns: (record.missedRuns ?? 0) + due.superseded };
    if (startingDeadlineSeconds !== undefined && now - due.at > startingDeadlineSeconds * 1000) {
      this.#miss(counted, due.at, startingDeadlineSeconds, next);
    } else {
      const usable = usableHandler(record, this.#core.handlers);
      if (usable instanceof TaskError) throw usable;
      const started = runStarted(counted, record.result.run + 1, timestampNow(this.#core), next);
      try {
        this.#launch(started, usable.handler);
      } catch (error) {
        if (error instanceof BusyError) return;
        throw error;
      }
    }
    this.#tellMissed(record, counted);
  }

  #miss(record: TaskRecord, dueAt: number, deadlineSeconds: number, next: string | undefined): void {
    const due = new Date(dueAt).toISOString();
    const moment = momentText(dueAt, record.async?.schedule?.timeZone);
    const message = `the run due ${moment} could not start within startingDeadlineSeconds (${deadlineSeconds})`;
    this.#commit(runMissed(record, failureOf(new TaskError('missed-deadline', message)), due, next));
    this.#core.observer.runsMissed(record.type, 1);
    this.#core.logger.warn(message, taskFields(record));
  }

  #tellMissed(before: TaskRecord, after: TaskRecord): void {
    const missed = (after.missedRuns ?? 0) - (before.missedRuns ?? 0);
    if (missed === 0) return;
    this.#core.observer.runsMissed(before.type, missed);
    this.#core.logger.warn('firings were missed and became one', { ...taskFields(before), missed });
  }

  #interrupted(record: TaskRecord, error: TaskError): void {
    this.#commit(runFailed(record, failureOf(error), timestampNow(this.#core), !recurs(record)));
  }

  #launch(record: TaskRecord, handler: TaskHandler, otherwise?: TaskError): void {
    this.#core.runner.launch({
      record,
      handler,
      ...(otherwise === undefined ? {} : { otherwise }),
      locks: locksOf(handler, record.type, record.params),
      conclude: (current, end, at) =>
        end.kind === 'completed'
          ? runCompleted(current, end.report, at)
          : runFailed(current, end.failure, at, !recurs(current)),
    });
  }

  #commit(record: TaskRecord): void {
    this.#core.journal.commit(record);
    this.#core.journal.announce(record.id);
  }
}

/** Status says that the height has fired, on an agent whose journal is lost: it never fires again, and how it ended is not known here. */
const alreadyFired = (record: TaskRecord, lastRunAt: string): TaskRecord => ({
  ...record,
  fired: true,
  result: {
    ...record.result,
    status: 'completed',
    outcome: 'skipped',
    reason: 'already-fired',
    message:
      'it fired before the journal of this agent was lost, and how it ended is not known: look on the node at what it did',
    completedAt: lastRunAt,
  },
});
