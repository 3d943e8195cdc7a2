/** Values that a span may carry. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  /** The span above, as a traceparent; absent: a trace of its own. */
  readonly parent?: string | undefined;
  /** Spans elsewhere that it follows from, as traceparents. */
  readonly links?: readonly string[];
  /** `client`: a call to another program. Default: work inside of this one. */
  readonly kind?: 'internal' | 'client';
  readonly attributes?: SpanAttributes;
  /** Milliseconds since the epoch; default now. */
  readonly startedAt?: number;
  /** Its own place, where that is computed instead of drawn by lot; of a span with a parent only the span id counts. */
  readonly as?: string;
}

/** Something that takes time. What never ends is never sent: that is how a span is given up. */
export interface Span {
  /** Its place in its trace (https://www.w3.org/TR/trace-context/), to be the parent of others; undefined where nothing is traced. */
  readonly traceparent: string | undefined;
  set(attributes: SpanAttributes): void;
  /** It failed, because of this. Texts are cut; secrets have no place in them. */
  fail(why: unknown): void;
  /** @param at milliseconds since the epoch; default now. */
  end(at?: number): void;
}

/** Where spans go. */
export interface Tracer {
  /** False: nothing is traced, and what would only be worked out for spans need not be. */
  readonly enabled: boolean;
  start(name: string, options?: SpanOptions): Span;
  /** Sends what has ended, for at most so many milliseconds; the rest is lost, and the log says how much. Never rejects. */
  close(budgetMs: number): Promise<void>;
}

const nothing = (): void => undefined;

const noSpan: Span = { traceparent: undefined, set: nothing, fail: nothing, end: nothing };

/** Traces nothing. */
export const noTracer: Tracer = { enabled: false, start: () => noSpan, close: async () => undefined };
