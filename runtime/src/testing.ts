export { FakeClock } from './fake-clock.ts';
export { firstAnswer, openRaw, untilClosed, wholeAnswer } from './raw-connection.ts';
export { RecordingTracer, type RecordedSpan } from './tracing/recording-tracer.ts';
