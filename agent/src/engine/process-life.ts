import { type Logger, TaskError } from '@nodetask/shared';
import * as z from 'zod';
import type { Store } from './store.ts';

const lifeKey = 'life';
const lifeSchema = z.object({ place: z.string(), ended: z.boolean() });
type Life = z.output<typeof lifeSchema>;

/**
 * Tells a crash of the process (killed, out of memory, an exception that nobody caught) from an end that it was asked for, by what the process before left in
 * the journal. The end of a process in another place, which is another pod or another start of the machine, is none: nothing says that a task brought it about.
 */
export class ProcessLife {
  readonly #store: Store;
  readonly #place: string;
  readonly #logger: Logger;

  /** @param place names the pod and the start of its machine. */
  constructor(store: Store, place: string, logger: Logger) {
    this.#store = store;
    this.#place = place;
    this.#logger = logger;
  }

  /** At the start, before anything runs. True where the process before crashed. */
  begin(): boolean {
    const before = this.#before();
    this.#write(false);
    return before?.place === this.#place && !before.ended;
  }

  /** The process was asked to end: whatever becomes of it now is no crash. */
  end(): void {
    this.#write(true);
  }

  #before(): Life | undefined {
    const text = this.#store.getValue(lifeKey);
    if (text === undefined) return undefined;
    try {
      return lifeSchema.parse(JSON.parse(text));
    } catch (error) {
      this.#logger.error('how the last process ended is damaged in the journal: it counts as no crash', { error });
      return undefined;
    }
  }

  /** A disk that is full must keep no agent from its start or its end; at worst, one end of a process is counted wrongly. */
  #write(ended: boolean): void {
    try {
      this.#store.setValue(lifeKey, JSON.stringify({ place: this.#place, ended } satisfies Life));
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      this.#logger.warn('start or end of the process could not be journalled', { error });
    }
  }
}
