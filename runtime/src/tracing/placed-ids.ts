import { type IdGenerator, RandomIdGenerator } from '@opentelemetry/sdk-trace';
import type { TracePlace } from './trace-parent.ts';

/** Ids by lot, but for a span that has its place already. The SDK asks for ids while a span starts, so this is the way in. */
export class PlacedIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  #place: TracePlace | undefined;

  /** @param start starts one span. */
  placedAt<T>(place: TracePlace | undefined, start: () => T): T {
    this.#place = place;
    try {
      return start();
    } finally {
      this.#place = undefined;
    }
  }

  generateTraceId(): string {
    return this.#place?.traceID ?? this.#random.generateTraceId();
  }

  generateSpanId(): string {
    return this.#place?.spanID ?? this.#random.generateSpanId();
  }
}
