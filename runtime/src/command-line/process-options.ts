import * as z from 'zod';
import { type LogLevel, logLevels } from '../log-line.ts';
import { serverURL, wholeNumber } from './option-values.ts';
import type { OptionSpec } from './read-command-line.ts';

/** The options that every program has: its log, and its end. */
export interface ProcessConfig {
  readonly logLevel: LogLevel;
  readonly logFormat: 'json' | 'pretty';
  /** From SIGTERM to the hard end. */
  readonly graceMs: number;
  /** Base URL of an OTLP/HTTP receiver; absent: nothing is traced. */
  readonly tracingEndpoint?: string;
}

export const processSchema = z.object({
  logLevel: z.enum(logLevels).default('info'),
  logFormat: z.enum(['json', 'pretty']).optional(),
  graceSeconds: wholeNumber(1, 3600).default(25),
  tracingEndpoint: serverURL.optional(),
});

export const processOptions: readonly OptionSpec<keyof typeof processSchema.shape>[] = [
  {
    key: 'logLevel',
    flags: '--log-level <level>',
    env: 'NODETASK_LOG_LEVEL',
    describe: `${logLevels.join(', ')}; default info`,
  },
  {
    key: 'logFormat',
    flags: '--log-format <format>',
    env: 'NODETASK_LOG_FORMAT',
    describe: 'json, or pretty for people (only on a terminal); default pretty on a terminal',
  },
  {
    key: 'graceSeconds',
    flags: '--grace-seconds <seconds>',
    env: 'NODETASK_GRACE_SECONDS',
    describe: 'seconds from SIGTERM to the hard end; default 25, below the 30 of a pod',
  },
  {
    key: 'tracingEndpoint',
    flags: '--tracing-endpoint <url>',
    env: 'NODETASK_TRACING_ENDPOINT',
    describe: 'OTLP/HTTP receiver that gets traces, for instance http://collector:4318; default off',
  },
];

export const processConfig = (given: z.output<typeof processSchema>, isTerminal: boolean): ProcessConfig => ({
  logLevel: given.logLevel,
  logFormat: given.logFormat ?? (isTerminal ? 'pretty' : 'json'),
  graceMs: given.graceSeconds * 1000,
  ...(given.tracingEndpoint === undefined ? {} : { tracingEndpoint: given.tracingEndpoint }),
});
