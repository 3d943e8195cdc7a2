import type { Progress } from '@nodetask/shared';
import type { ProgressUpdate } from './task-handler.ts';

/** A measurement: milliseconds of the monotonic clock, and how much was done. */
interface Sample {
  readonly at: number;
  readonly done: number;
}

/** The rate is that of the last so many milliseconds. */
const windowMs = 10_000;
const maxSamples = 64;

/** Turns a run's updates into Progress: adds percent, recent rate and the time that is left. A new stage begins anew. */
export class ProgressMeter {
  #stage: string | undefined;
  #samples: Sample[] = [];

  /**
   * @param monotonic Milliseconds of the monotonic clock, for the rate.
   * @param wall Milliseconds since the epoch, for `at`.
   */
  update(update: ProgressUpdate, monotonic: number, wall: number): Progress {
    const done = positive(update.done);
    const total = update.total === undefined ? undefined : positive(update.total);
    const rate = this.#rate(update.stage, done, monotonic);
    const left = total === undefined ? undefined : Math.max(0, total - done);
    return {
      stage: update.stage.slice(0, 64),
      done,
      ...(total === undefined ? {} : { total }),
      unit: update.unit.slice(0, 16),
      ...(total === undefined || total === 0 ? {} : { percent: rounded(Math.min(100, (done / total) * 100)) }),
      ...(rate === undefined ? {} : { ratePerSecond: rounded(rate) }),
      ...(rate === undefined || rate === 0 || left === undefined ? {} : { etaSeconds: Math.ceil(left / rate) }),
      at: new Date(wall).toISOString(),
    };
  }

  /** undefined until two measurements of the stage lie apart. */
  #rate(stage: string, done: number, at: number): number | undefined {
    const last = this.#samples.at(-1);
    if (stage !== this.#stage || (last !== undefined && done < last.done)) {
      this.#stage = stage;
      this.#samples = [];
    }
    const [first] = this.#samples;
    if (last === undefined || first === undefined || at - last.at >= windowMs / maxSamples) {
      this.#samples.push({ at, done });
      while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) >= windowMs) this.#samples.shift();
    }
    const [oldest] = this.#samples;
    if (oldest === undefined || at <= oldest.at) return undefined;
    return (done - oldest.done) / ((at - oldest.at) / 1000);
  }
}

const positive = (value: number): number => (Number.isFinite(value) && value > 0 ? value : 0);

const rounded = (value: number): number => Math.round(value * 100) / 100;
