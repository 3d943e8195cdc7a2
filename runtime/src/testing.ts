export { FakeClock } from './fake-clock.ts';
export { RecordingTracer, type RecordedSpan } from './tracing/recording-tracer.ts';
