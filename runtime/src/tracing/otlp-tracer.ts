import type { Logger } from '@nodetask/shared';
import {
  type Link,
  ROOT_CONTEXT,
  type Span as OtelSpan,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer as OtelTracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { BoundedExport } from './bounded-export.ts';
import type { TracedProgram } from './open-tracer.ts';
import { PlacedIds } from './placed-ids.ts';
import { formatTraceParent, parseTraceParent } from './trace-parent.ts';
import type { Span, SpanAttributes, SpanOptions, Tracer } from './tracer.ts';

export interface OtlpTracerOptions {
  readonly endpoint: string;
  readonly program: TracedProgram;
  readonly logger: Logger;
}

/** Of one export with all its tries: a receiver that is slow must not hold up the end of the process either. */
const exportMs = 5_000;
const flushEveryMs = 2_000;
const maxBatch = 512;
const maxTextCharacters = 512;

/** Spans by the OpenTelemetry SDK, sent in batches as OTLP over HTTP, in JSON. */
export class OtlpTracer implements Tracer {
  readonly enabled = true;
  readonly #provider: TracerProvider;
  readonly #tracer: OtelTracer;
  readonly #ids = new PlacedIds();
  readonly #export: BoundedExport;

  constructor({ endpoint, program, logger }: OtlpTracerOptions) {
    const exporter = new OTLPTraceExporter({
      url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
      timeoutMillis: exportMs,
    });
    this.#export = new BoundedExport(exporter, logger);
    const { name, version, instance, namespace } = program;
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({
        'service.name': name,
        'service.version': version,
        ...(instance === undefined ? {} : { 'service.instance.id': instance, 'k8s.pod.name': instance }),
        ...(namespace === undefined ? {} : { 'k8s.namespace.name': namespace }),
      }),
      idGenerator: this.#ids,
      spanLimits: { attributeValueLengthLimit: maxTextCharacters },
      spanProcessors: [
        this.#export.bounding(
          new BatchSpanProcessor({
            exporter: this.#export,
            maxQueueSize: BoundedExport.maxWaiting,
            maxExportBatchSize: maxBatch,
            scheduledDelayMillis: flushEveryMs,
            exportTimeoutMillis: exportMs,
          }),
        ),
      ],
    });
    this.#tracer = this.#provider.getTracer('nodetask', version);
  }

  start(name: string, options: SpanOptions = {}): Span {
    const { parent, links = [], kind, attributes, startedAt, as } = options;
    const above = contextOf(parent);
    const context = above === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, above);
    const place = as === undefined ? undefined : parseTraceParent(as);
    const span = this.#ids.placedAt(place, () =>
      this.#tracer.startSpan(
        name,
        {
          kind: kind === 'client' ? SpanKind.CLIENT : SpanKind.INTERNAL,
          links: links.flatMap((link): Link[] => {
            const linked = contextOf(link);
            return linked === undefined ? [] : [{ context: linked }];
          }),
          ...(attributes === undefined ? {} : { attributes: { ...attributes } }),
          ...(startedAt === undefined ? {} : { startTime: startedAt }),
        },
        context,
      ),
    );
    return new OtlpSpan(span);
  }

  async close(budgetMs: number): Promise<void> {
    await this.#export.close(this.#provider.shutdown(), budgetMs);
  }
}

class OtlpSpan implements Span {
  readonly traceparent: string;
  readonly #span: OtelSpan;

  constructor(span: OtelSpan) {
    this.#span = span;
    const { traceId: traceID, spanId: spanID, traceFlags } = span.spanContext();
    this.traceparent = formatTraceParent({ traceID, spanID, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 });
  }

  set(attributes: SpanAttributes): void {
    this.#span.setAttributes({ ...attributes });
  }

  fail(why: unknown): void {
    const text = why instanceof Error ? why.message : String(why);
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: text.slice(0, maxTextCharacters) });
  }

  end(at?: number): void {
    this.#span.end(at);
  }
}

const contextOf = (traceparent: string | undefined): SpanContext | undefined => {
  const place = traceparent === undefined ? undefined : parseTraceParent(traceparent);
  if (place === undefined) return undefined;
  const { traceID: traceId, spanID: spanId, sampled } = place;
  return { traceId, spanId, traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE, isRemote: true };
};
