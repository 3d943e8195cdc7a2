export { systemClock } from './system-clock.ts';
export { createLogger, type LoggerOptions, type RootLogger } from './logger.ts';
export { logLevels, type LogLevel } from './log-line.ts';
export { isSecretName, redactText } from './redact.ts';
export { installShutdown, ShutdownError, type ProcessLike, type Shutdown, type ShutdownOptions } from './shutdown.ts';
export { openTracer, type TracedProgram } from './tracing/open-tracer.ts';
export {
  computedTraceParent,
  formatTraceParent,
  inTraceOf,
  parseTraceParent,
  runTraceParent,
  type TracePlace,
} from './tracing/trace-parent.ts';
export { noTracer, type Span, type SpanAttributes, type SpanOptions, type Tracer } from './tracing/tracer.ts';
