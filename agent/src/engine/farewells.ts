import { type Logger, taskRefSchema, taskStatuses } from '@nodetask/shared';
import * as z from 'zod';
import type { PendingReport } from './engine-api.ts';
import { resultOf } from './task-result-view.ts';
import type { Store, TaskRecord } from './store.ts';

const farewellsKey = 'farewells';

/** The oldest goes where there are more: its NodeTask then shows what was last reported of it. */
const maxFarewells = 64;

const reportsSchema = z.array(
  z.looseObject({
    id: z.uuid(),
    ref: taskRefSchema,
    revision: z.int().min(0),
    result: z.looseObject({ id: z.uuid(), type: z.string(), status: z.enum(taskStatuses), run: z.int() }),
    runs: z.array(z.looseObject({ run: z.int(), status: z.string() })),
    urgent: z.boolean(),
  }),
);

/** A damaged farewell is dropped: the operator finds that such a task is gone when it asks. */
const readReports = (text: string, logger: Logger): readonly PendingReport[] => {
  try {
    const value: unknown = JSON.parse(text);
    reportsSchema.parse(value);
    return value as readonly PendingReport[];
  } catch {
    logger.error('the last reports of removed tasks are damaged in the journal and are not sent');
    return [];
  }
};

/**
 * The last reports of tasks that were removed while their NodeTasks did not know their end: else those would say for ever that they run.
 * The tasks themselves are forgotten; what is kept here, durably, is what is still to be said of them.
 */
export class Farewells {
  readonly #store: Store;
  #reports: readonly PendingReport[];

  constructor(store: Store, logger: Logger) {
    this.#store = store;
    this.#reports = readReports(store.getValue(farewellsKey) ?? '[]', logger);
  }

  /** Oldest first. */
  get reports(): readonly PendingReport[] {
    return this.#reports;
  }

  /** Forgets a task and keeps what is to be said of it, both or neither. True where there was one. */
  remove(id: string, at: Date, last: TaskRecord | undefined): boolean {
    if (last?.ref === undefined || last.revision <= last.reportedRevision) return this.#store.remove(id, at);
    const { params: _, ...result } = resultOf(last);
    const { ref, revision, runs, trace } = last;
    const farewell = { id, ref, revision, result, runs, urgent: true, ...(trace === undefined ? {} : { trace }) };
    const next = [...this.#reports.filter((known) => known.id !== id), farewell].slice(-maxFarewells);
    const existed = this.#store.transaction(() => {
      this.#store.setValue(farewellsKey, JSON.stringify(next));
      return this.#store.remove(id, at);
    });
    this.#reports = next;
    return existed;
  }

  /** It was said, or what was before it: a report may be on its way while its task is removed. False where nothing new was said. */
  said(id: string, revision: number): boolean {
    const next = this.#reports.filter((known) => known.id !== id || known.revision > revision);
    if (next.length === this.#reports.length) return false;
    this.#store.setValue(farewellsKey, JSON.stringify(next));
    this.#reports = next;
    return true;
  }
}
