import type { Clock } from '@nodetask/shared';
import { withoutTrailing } from '@nodetask/runtime/foreign-text';
import type { EventRecord } from './event-record.ts';
import { LruMap } from './lru-map.ts';
import { TokenBucket } from './token-bucket.ts';

/** The same thing happening to the same object, once or often: one Event in the cluster. */
export interface EventSeries {
  readonly record: EventRecord;
  /** Wall-clock milliseconds, with microseconds that tell apart what began in the same millisecond: `kubectl events` sorts by it. */
  readonly firstAt: number;
  lastAt: number;
  count: number;
  /** Name of the Event: the same in every try to write it. */
  readonly name: string;
  /** Whether the Event exists. */
  written: boolean;
  /** Waiting to be written; writing it covers everything counted until then. */
  queued: boolean;
}

export interface EventLimits {
  /** Writes for one object: so many at once, … */
  readonly burst: number;
  /** … then one in so many seconds. client-go's spam filter has 25 and 300. */
  readonly refillSeconds: number;
  /** A series ends when it was silent for so long. */
  readonly seriesIdleMs: number;
  /** Series and objects that are remembered. */
  readonly remembered: number;
}

export const defaultEventLimits: EventLimits = {
  burst: 25,
  refillSeconds: 300,
  seriesIdleMs: 360_000,
  remembered: 4096,
};

/** The longest note that the API server takes, in bytes of UTF-8. */
const maxNoteBytes = 1024;

/** Joins events that say the same to series, and limits how often an object's are written. */
export class EventCorrelator {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #limits: EventLimits;
  readonly #series: LruMap<string, EventSeries>;
  readonly #buckets: LruMap<string, TokenBucket>;
  #lastAt = 0;

  constructor({ clock, random }: { clock: Clock; random: () => number }, limits: EventLimits) {
    this.#clock = clock;
    this.#random = random;
    this.#limits = limits;
    this.#series = new LruMap(limits.remembered);
    this.#buckets = new LruMap(limits.remembered);
  }

  /**
   * Counts the event in. Returns the series if it now has to be queued for writing; `counted` when that is not needed (it is queued
   * already, or its next write will say so); `limited` when the event is too much and forgotten.
   */
  add(record: EventRecord): EventSeries | 'counted' | 'limited' {
    const now = this.#clock.now();
    const trimmed = { ...record, note: cutToBytes(record.note, maxNoteBytes) };
    const { regarding, type, reason, action, note } = trimmed;
    const key = JSON.stringify([regarding.uid, type, reason, action, note]);
    const known = this.#series.get(key);
    if (known !== undefined && now - known.lastAt <= this.#limits.seriesIdleMs) {
      known.count += 1;
      known.lastAt = now;
      if (known.queued || !this.#bucket(regarding.uid).take()) return 'counted';
      known.queued = true;
      return known;
    }
    if (!this.#bucket(regarding.uid).take()) return 'limited';
    const firstAt = this.#distinct(now);
    const name = eventName(regarding.name, firstAt, this.#random());
    const series: EventSeries = {
      record: trimmed,
      name,
      firstAt,
      lastAt: firstAt,
      count: 1,
      written: false,
      queued: true,
    };
    this.#series.set(key, series);
    return series;
  }

  /** A microsecond later than the last, if that was in the same millisecond. */
  #distinct(now: number): number {
    this.#lastAt = Math.floor(this.#lastAt) === now ? this.#lastAt + 0.001 : now;
    return this.#lastAt;
  }

  #bucket(uid: string): TokenBucket {
    const known = this.#buckets.get(uid);
    if (known !== undefined) return known;
    const { burst, refillSeconds } = this.#limits;
    const bucket = new TokenBucket({ perSecond: 1 / refillSeconds, burst, clock: this.#clock });
    this.#buckets.set(uid, bucket);
    return bucket;
  }
}

/** The longest beginning of `text` that fits, whole characters only. */
const cutToBytes = (text: string, maxBytes: number): string => {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= maxBytes) return text;
  // A character that was cut in two becomes nothing.
  return new TextDecoder().decode(bytes.subarray(0, maxBytes), { stream: true });
};

/** A name that no other event of the object has. Names may have 253 characters, and no '.' or '-' before a '.'. */
const eventName = (name: string, at: number, random: number): string => {
  const suffix =
    Math.round(at * 1000).toString(16) +
    Math.floor(random * 2 ** 20)
      .toString(16)
      .padStart(5, '0');
  return `${withoutTrailing(name.slice(0, 252 - suffix.length), '.-')}.${suffix}`;
};
