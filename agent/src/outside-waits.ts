import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '@nodetask/shared';

/** A wait for something outside of the agent that goes on. */
export interface OutsideWait {
  /** Awaited: an address, an object, a name. */
  readonly what: string;
  readonly seconds: number;
  /** Further waits that go on beside it, and began later. */
  readonly others: number;
}

const maxWhatCharacters = 240;

/**
 * The waits of one run for servers, object stores and name servers. Clients begin and end them by `waitFor`, without knowing of runs: so every wait of every
 * task is known, and none has to be told of at each call.
 */
export class OutsideWaits {
  readonly #clock: Clock;
  readonly #onBegin: () => void;
  /** In the order in which they began. */
  readonly #waits = new Set<{ readonly what: () => string; readonly since: number }>();

  /** @param onBegin called when a wait begins while there is no other. */
  constructor(clock: Clock, onBegin: () => void = () => undefined) {
    this.#clock = clock;
    this.#onBegin = onBegin;
  }

  /** The one that has gone on for longest. */
  oldest(): OutsideWait | undefined {
    const [oldest] = this.#waits;
    if (oldest === undefined) return undefined;
    return {
      what: oldest.what().slice(0, maxWhatCharacters),
      seconds: Math.floor((this.#clock.monotonic() - oldest.since) / 1000),
      others: this.#waits.size - 1,
    };
  }

  /** Does work whose waits, however deep, are known here. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    return ofThisRun.run(this, work);
  }

  /** Answers how to end it. */
  begin(what: () => string): () => void {
    const wait = { what, since: this.#clock.monotonic() };
    this.#waits.add(wait);
    if (this.#waits.size === 1) this.#onBegin();
    return () => {
      this.#waits.delete(wait);
    };
  }
}

const ofThisRun = new AsyncLocalStorage<OutsideWaits | undefined>();

/**
 * Does work that waits for something outside, which `what` names as a message would: "http://10.0.0.1:26657/status". Waits in it count as this one, for the
 * outer one says more: "the first chunk of …". Outside of a run it only does the work.
 */
export const waitFor = async <T>(what: () => string, work: () => Promise<T>): Promise<T> => {
  const waits = ofThisRun.getStore();
  if (waits === undefined) return work();
  const end = waits.begin(what);
  try {
    return await ofThisRun.run(undefined, work);
  } finally {
    end();
  }
};

/** The same for each item of a stream: what its reader does between two items is no wait. */
export async function* waitForEach<T>(what: () => string, items: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await waitFor(what, async () => iterator.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
