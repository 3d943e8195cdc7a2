import type { Logger } from '@nodetask/shared';
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';

type Result = Parameters<Parameters<SpanExporter['export']>[1]>[0];

/** ExportResultCode.SUCCESS; the enum itself is in a package that nothing else here needs. */
const success: number = 0;
/** A receiver that is away for hours is complained about this often. */
const complainEveryMs = 60_000;

/** Between the SDK and the receiver: bounds what waits, and counts and tells what is lost, of which the SDK says nothing. */
export class BoundedExport implements SpanExporter {
  /** Spans that wait to be sent, or are being sent. */
  static readonly maxWaiting = 2048;

  readonly #exporter: SpanExporter;
  readonly #logger: Logger;
  #waiting = 0;
  #lost = 0;
  #complainedAt = Number.NEGATIVE_INFINITY;

  constructor(exporter: SpanExporter, logger: Logger) {
    this.#exporter = exporter;
    this.#logger = logger;
  }

  /** The same processor, which takes no span beyond the limit. */
  bounding(processor: SpanProcessor): SpanProcessor {
    return {
      onStart: (span, context) => {
        processor.onStart(span, context);
      },
      onEnd: (span) => {
        if (this.#waiting >= BoundedExport.maxWaiting) {
          this.#lose(1, 'more spans end than the receiver takes');
          return;
        }
        this.#waiting += 1;
        processor.onEnd(span);
      },
      forceFlush: async () => processor.forceFlush(),
      shutdown: async () => processor.shutdown(),
    };
  }

  export(spans: ReadableSpan[], done: (result: Result) => void): void {
    this.#exporter.export(spans, (result) => {
      this.#waiting -= spans.length;
      if ((result.code as number) !== success) this.#lose(spans.length, result.error?.message ?? 'the export failed');
      done(result);
    });
  }

  async shutdown(): Promise<void> {
    await this.#exporter.shutdown();
  }

  /** Waits for the last exports, but not longer than so many milliseconds. */
  async close(shutdown: Promise<void>, budgetMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, budgetMs);
    });
    // A failed export has been counted.
    await Promise.race([shutdown.catch(() => undefined), late]);
    clearTimeout(timer);
    const lost = this.#lost + this.#waiting;
    if (lost > 0) this.#logger.warn('spans were lost: the tracing endpoint did not take them', { spans: lost });
  }

  #lose(count: number, why: string): void {
    this.#lost += count;
    const now = performance.now();
    if (now - this.#complainedAt < complainEveryMs) return;
    this.#complainedAt = now;
    this.#logger.warn('spans are lost: check --tracing-endpoint and the receiver', { spans: this.#lost, why });
    this.#lost = 0;
  }
}
