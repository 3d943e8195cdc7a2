import { computedTraceParent, inTraceOf } from './trace-parent.ts';
import type { Span, SpanAttributes, SpanOptions, Tracer } from './tracer.ts';

/** A span that has ended. */
export interface RecordedSpan {
  readonly name: string;
  readonly traceparent: string;
  readonly options: SpanOptions;
  readonly attributes: SpanAttributes;
  /** Why it failed, if it did. */
  readonly failure?: string;
}

/** Keeps what would be sent: for tests. Places that are not computed are numbered. */
export class RecordingTracer implements Tracer {
  readonly enabled = true;
  /** In the order of their ends. */
  readonly spans: RecordedSpan[] = [];
  #started = 0;

  start(name: string, options: SpanOptions = {}): Span {
    this.#started += 1;
    const own = options.as ?? computedTraceParent('span', String(this.#started));
    const traceparent = options.parent === undefined ? own : inTraceOf(options.parent, own);
    let attributes: SpanAttributes = options.attributes ?? {};
    let failure: string | undefined;
    return {
      traceparent,
      set: (more) => {
        attributes = { ...attributes, ...more };
      },
      fail: (why) => {
        failure = why instanceof Error ? why.message : String(why);
      },
      end: () => {
        this.spans.push({ name, traceparent, options, attributes, ...(failure === undefined ? {} : { failure }) });
      },
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
