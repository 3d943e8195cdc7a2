import type { Logger } from '@nodetask/shared';
import { noTracer, type Tracer } from './tracer.ts';

/** Who traces: the attributes of OpenTelemetry's resource. https://opentelemetry.io/docs/specs/semconv/resource/ */
export interface TracedProgram {
  /** For instance nodetask-agent. */
  readonly name: string;
  readonly version: string;
  /** The pod. */
  readonly instance?: string | undefined;
  readonly namespace?: string | undefined;
}

/**
 * A tracer that sends to an OTLP/HTTP receiver, or one that does nothing where there is no endpoint. The packages that it takes are loaded in
 * the first case only.
 * @param endpoint base URL; spans go to <endpoint>/v1/traces. Headers, for instance of a login, come from OTEL_EXPORTER_OTLP_HEADERS.
 */
export const openTracer = async (
  endpoint: string | undefined,
  program: TracedProgram,
  logger: Logger,
): Promise<Tracer> => {
  if (endpoint === undefined) return noTracer;
  const { OtlpTracer } = await import('./otlp-tracer.ts');
  return new OtlpTracer({ endpoint, program, logger });
};
