import type { BlockHeights } from './block-heights.ts';
import type { EngineCore } from './engine-core.ts';
import { HeightWatcher } from './height-watcher.ts';
import type { Schedules } from './schedules.ts';
import { Ticker } from './ticker.ts';

/** What makes schedules fire: the time, the chain's height, a lock that was given back, a schedule that is new or changed. */
export class Firing {
  readonly #core: EngineCore;
  readonly #schedules: Schedules;
  readonly #ticker: Ticker;
  readonly #heights: HeightWatcher | undefined;
  #begun = false;
  #planned = false;

  constructor(core: EngineCore, schedules: Schedules, heights: BlockHeights | undefined) {
    const { clock, logger } = core;
    this.#core = core;
    this.#schedules = schedules;
    this.#ticker = new Ticker(clock, () => {
      this.evaluate(clock.now());
    });
    this.#heights =
      heights === undefined
        ? undefined
        : new HeightWatcher(heights, clock, logger, (height) => {
            this.#reached(height);
          });
  }

  /** Whether schedules by block height can fire here. */
  get knowsHeights(): boolean {
    return this.#heights !== undefined;
  }

  /** From now on schedules fire; before, nothing does. */
  begin(): void {
    this.#begun = true;
    this.soon();
  }

  /** Starts what is due, once, after everything else of this tick. */
  soon(): void {
    if (this.#planned) return;
    this.#planned = true;
    queueMicrotask(() => {
      this.#planned = false;
      this.evaluate(this.#core.clock.now());
    });
  }

  /** Starts what is due at `now` (milliseconds since the epoch), and sees to it that the next is not forgotten. */
  evaluate(now: number): void {
    if (!this.#begun || this.#core.runner.stopping) return;
    this.#schedules.evaluate(now);
    this.#ticker.arm(this.#core.journal.living(), now);
    this.#heights?.want(this.#schedules.awaitHeight());
  }

  stop(): void {
    this.#ticker.stop();
    this.#heights?.want(false);
  }

  #reached(height: number): void {
    if (this.#core.runner.stopping) return;
    try {
      this.#schedules.reached(height);
    } catch (error) {
      this.#core.logger.error('a block height could not be journalled; the next one tries again', { height, error });
    }
    this.evaluate(this.#core.clock.now());
  }
}
