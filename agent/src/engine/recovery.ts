import { sleep } from '@nodetask/shared';
import type { EngineCore } from './engine-core.ts';
import { isOwned } from './node-tasks.ts';
import type { Orphans } from './orphans.ts';
import type { TaskRecord } from './store.ts';
import { nodeTaskName } from './task-fields.ts';

/** Until what could not be resumed is tried again, in milliseconds. */
const retryMs = 5_000;

export interface RecoveryOptions {
  readonly core: EngineCore;
  /** The parts of the engine that take up the tasks of each kind. */
  readonly kinds: Readonly<Record<TaskRecord['kind'], { recover(record: TaskRecord, crashed: boolean): void }>>;
  /** The process before crashed or was killed. */
  readonly crashed: boolean;
  readonly orphans: Orphans | undefined;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Everything that goes on does. */
  readonly onResumed: () => void;
}

/** Takes up what an earlier process has left: at once, or as soon as it is known whether the NodeTasks exist. */
export class Recovery {
  readonly #options: RecoveryOptions;
  #left: readonly string[];
  /** Tasks that end with their work are judged first: a daemon that only ran beside one would never be started again. */
  readonly #blamesDaemons: boolean;

  constructor(options: RecoveryOptions) {
    this.#options = options;
    const living = options.core.journal.living();
    this.#left = living.map(({ id }) => id);
    this.#blamesDaemons = options.crashed && !living.some(({ kind, active }) => kind !== 'daemon' && active);
    if (!options.crashed) return;
    const ran = living.filter(({ active }) => active).slice(0, 32);
    options.core.logger.warn(
      'the agent crashed or was killed; tasks that ran then run again, and fail if they ran in two crashes',
      { tasks: ran.map(({ id }) => id), nodeTasks: ran.filter(isOwned).map(({ ref }) => nodeTaskName(ref)) },
    );
  }

  /** A task that comes before any new one-shot, because it was interrupted and may be about to go on. */
  get blocker(): TaskRecord | undefined {
    const { journal } = this.#options.core;
    return this.#left
      .map((id) => journal.livingTask(id))
      .find((record) => record?.active === true && record.kind !== 'daemon');
  }

  start(): void {
    const { orphans, core } = this.#options;
    if (orphans === undefined) {
      this.#resume();
      return;
    }
    this.#resumeWanted(orphans).catch((error: unknown) => {
      core.logger.error('a fault of the engine itself while it asks for NodeTasks', { error });
    });
  }

  async #resumeWanted(orphans: Orphans): Promise<void> {
    const { signal, core } = this.#options;
    const owned = core.journal.living().filter(isOwned);
    if (owned.length > 0) await orphans.start(owned);
    while (!signal.aborted && !this.#isResumed()) {
      await sleep(core.clock, retryMs, signal).catch(() => undefined);
    }
    await orphans.watch();
  }

  #isResumed(): boolean {
    try {
      this.#resume();
      return true;
    } catch (error) {
      this.#options.core.logger.error('tasks of an earlier process cannot be resumed; trying again', {
        error,
        retryMs,
      });
      return false;
    }
  }

  /** Those that go on already are left alone, so that it can be called again after a failure. */
  #resume(): void {
    const { core, kinds, orphans, crashed, onResumed } = this.#options;
    for (const id of this.#left) {
      // As it is now: it may have been removed or updated while its NodeTask was asked for.
      const record = core.journal.livingTask(id);
      const isHeld = core.runner.get(id) !== undefined || orphans?.isDoomed(id) === true;
      if (record === undefined || isHeld) continue;
      kinds[record.kind].recover(record, record.kind === 'daemon' ? this.#blamesDaemons : crashed);
    }
    this.#left = [];
    onResumed();
  }
}
