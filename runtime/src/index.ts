export { systemClock } from './system-clock.ts';
export { createLogger, type LoggerOptions, type RootLogger } from './logger.ts';
export { logLevels, type LogLevel } from './log-line.ts';
export { isSecretName, redactText } from './redact.ts';
export { installShutdown, ShutdownError, type ProcessLike, type Shutdown, type ShutdownOptions } from './shutdown.ts';
