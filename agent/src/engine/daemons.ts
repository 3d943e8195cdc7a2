import { TaskError } from '@nodetask/shared';
import { type EngineCore, timestampNow } from './engine-core.ts';
import { failureOf } from './failure.ts';
import { checkParams } from './handlers.ts';
import { newRecord } from './new-record.ts';
import { revised, runFailed, runStarted } from './record-changes.ts';
import { RestartBackoff } from './restart-backoff.ts';
import { daemonResumption } from './resumption.ts';
import type { Ended } from './runner.ts';
import type { TaskRecord } from './store.ts';
import type { Submission } from './submission.ts';
import { taskFields } from './task-fields.ts';
import type { TaskHandler } from './task-handler.ts';

/** Tasks that run for ever. They hold no locks but those that they take for each write. */
export class Daemons {
  readonly #core: EngineCore;
  readonly #backoffs = new Map<string, RestartBackoff>();

  constructor(core: EngineCore) {
    this.#core = core;
  }

  submit(submission: Submission): void {
    const { journal, observer } = this.#core;
    const { handler, type, params } = submission;
    checkParams(handler, type, params);
    const now = timestampNow(this.#core);
    const record = newRecord(submission, 'daemon', journal.nextSequence(), now);
    this.#launch(runStarted(record, record.result.run + 1, now), handler);
    observer.submitted(type, 'daemon');
  }

  /**
   * At the start of the engine: a daemon goes on; its run keeps its number where the end of the process interrupted it.
   * @param crashed the process before crashed, and no other run may have been the cause.
   */
  recover(record: TaskRecord, crashed: boolean): void {
    const { handlers, clock } = this.#core;
    const next = daemonResumption(record, handlers, { crashed, now: clock.now() });
    if (next.kind === 'fail') {
      this.#commit(runFailed(record, failureOf(next.error), timestampNow(this.#core), true));
      return;
    }
    this.#launch(this.#started(revised(record, next.changes), record.active ? 0 : 1), next.handler);
  }

  /** Restarts it no more. */
  forget(id: string): void {
    this.#backoffs.get(id)?.stop();
    this.#backoffs.delete(id);
  }

  stop(): void {
    for (const id of this.#backoffs.keys()) this.forget(id);
  }

  #launch(record: TaskRecord, handler: TaskHandler): void {
    const { runner, clock } = this.#core;
    runner.launch({
      record,
      handler,
      locks: [],
      conclude: (current, end, at) => {
        const failure = failureOfEnd(end);
        const over = current.async?.daemon?.restartPolicy === 'Never' || failure.code === 'cancelled';
        return runFailed(current, failure, at, over);
      },
      afterwards: (ended) => {
        if (ended.result.status === 'running') this.#restartLater(ended.id, handler);
        else this.forget(ended.id);
      },
    });
    const backoff = this.#backoffs.get(record.id) ?? new RestartBackoff(clock);
    this.#backoffs.set(record.id, backoff);
    backoff.started();
  }

  #restartLater(id: string, handler: TaskHandler): void {
    this.#backoffs.get(id)?.schedule(() => {
      this.#restart(id, handler);
    });
  }

  #restart(id: string, handler: TaskHandler): void {
    const { journal, logger } = this.#core;
    const record = journal.get(id);
    if (record === undefined) return;
    try {
      this.#launch(this.#started(record, 1), handler);
    } catch (error) {
      if (error instanceof TaskError && error.code === 'stopping') return;
      logger.error('a daemon could not be restarted; trying again', { ...taskFields(record), error });
      this.#restartLater(id, handler);
    }
  }

  #started(record: TaskRecord, more: 0 | 1): TaskRecord {
    return runStarted(record, Math.max(1, record.result.run + more), timestampNow(this.#core));
  }

  #commit(record: TaskRecord): void {
    this.#core.journal.commit(record);
    this.#core.journal.announce(record.id);
  }
}

/** A daemon that returns has failed too: it runs for ever. */
const failureOfEnd = (end: Ended) => {
  if (end.kind === 'failed') return end.failure;
  const { output } = end.report;
  const error = new TaskError(
    'daemon-exited',
    'returned although it runs for ever',
    output === undefined ? {} : { output },
  );
  return failureOf(error);
};
