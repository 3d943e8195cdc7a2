import { TaskError } from '@nodetask/shared';
import { type EngineCore, timestampNow } from './engine-core.ts';
import { failureOf } from './failure.ts';
import { checkParams, locksOf } from './handlers.ts';
import { oneShotLock } from './lock-table.ts';
import { newRecord } from './new-record.ts';
import { runCompleted, runFailed, runStarted } from './record-changes.ts';
import { type Resumption, resumption } from './resumption.ts';
import type { Launch } from './runner.ts';
import type { TaskRecord } from './store.ts';
import type { Submission } from './submission.ts';
import { taskFields } from './task-fields.ts';
import type { TaskHandler } from './task-handler.ts';

/** Tasks that run once, now, one at a time. */
export class OneShots {
  readonly #core: EngineCore;

  constructor(core: EngineCore) {
    this.#core = core;
  }

  /** @throws BusyError, and what the handler's check throws */
  submit(submission: Submission): void {
    const { journal, observer } = this.#core;
    const { handler, type, params } = submission;
    checkParams(handler, type, params);
    const now = timestampNow(this.#core);
    const record = newRecord(submission, 'one-shot', journal.nextSequence(), now);
    this.#launch(runStarted(record, 1, now), handler);
    observer.submitted(type, 'one-shot');
  }

  /** Runs a failed one-shot again, with its next number; its time limit and place in the list begin anew. */
  rerun(failed: TaskRecord, submission: Submission): void {
    const { journal, observer } = this.#core;
    checkParams(submission.handler, failed.type, submission.params);
    const now = timestampNow(this.#core);
    const { timeoutSeconds: _limit, trace: _trace, ...rest } = failed;
    const { timeoutSeconds, trace } = submission;
    const record: TaskRecord = {
      ...rest,
      ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
      ...(trace === undefined ? {} : { trace }),
      params: submission.params,
      fingerprint: submission.fingerprint,
      sequence: journal.nextSequence(),
      result: { ...failed.result, submittedAt: now },
    };
    this.#launch(runStarted(record, failed.result.run + 1, now), submission.handler);
    observer.submitted(failed.type, 'one-shot');
  }

  /** At the start of the engine: a one-shot that the end of the last process interrupted. */
  recover(record: TaskRecord, crashed: boolean): void {
    const { handlers, logger } = this.#core;
    const next = resumption(record, handlers, crashed);
    switch (next.kind) {
      case 'fail':
        this.#fail(record, next.error);
        return;
      case 'finish':
      case 'run-again':
        logger.info('running an interrupted task again', taskFields(record));
        this.#runAgain(record, next);
        return;
      default:
        next satisfies never;
    }
  }

  #runAgain(record: TaskRecord, next: Exclude<Resumption, { kind: 'fail' }>): void {
    const again = runStarted({ ...record, ...next.changes }, record.result.run, timestampNow(this.#core));
    try {
      this.#launch(again, next.handler, next.kind === 'finish' ? next.error : undefined);
    } catch (error) {
      // A schedule's run that was also interrupted holds the lock, or the handler judges its params anew.
      if (!(error instanceof TaskError) || error.code === 'store-unavailable') throw error;
      this.#fail(record, new TaskError('interrupted', `the agent ended while it ran; not run again: ${error.message}`));
    }
  }

  #fail(record: TaskRecord, error: TaskError): void {
    const { journal } = this.#core;
    journal.commit(runFailed(record, failureOf(error), timestampNow(this.#core), true));
    journal.announce(record.id);
  }

  #launch(record: TaskRecord, handler: TaskHandler, otherwise?: TaskError): void {
    const launch: Launch = {
      record,
      handler,
      ...(otherwise === undefined ? {} : { otherwise }),
      locks: [oneShotLock, ...locksOf(handler, record.type, record.params)],
      conclude: (current, end, at) =>
        end.kind === 'completed' ? runCompleted(current, end.report, at) : runFailed(current, end.failure, at, true),
    };
    this.#core.runner.launch(launch);
  }
}
