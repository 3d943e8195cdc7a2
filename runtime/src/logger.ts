import type { LogFields, Logger } from '@nodetask/shared';
import winston from 'winston';
import { jsonLine, type LogEntry, type LogLevel, logLevels, prettyLine } from './log-line.ts';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `pretty` counts only where the stream is a terminal. */
  readonly format: 'json' | 'pretty';
  /** Default: stdout. It is never ended. */
  readonly stream?: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** Fields of every line; those of a child and of a line win. */
  readonly fields?: LogFields;
  /** The time of lines; default: now. */
  readonly now?: () => Date;
}

/** The logger of a program: every other one is a child of it. */
export interface RootLogger extends Logger {
  /** Resolves once every line has been handed to the operating system. Later lines are dropped. Call before the process ends. */
  close(): Promise<void>;
}

/** The reader of the lines went away: there is nobody left to tell, and the work is worth more than its log. */
const onStreamError = (): void => undefined;

const messageSymbol = Symbol.for('message');

/**
 * A logger of one line per message. Errors keep name, message, code, stack and causes; secrets are redacted; lines are
 * bounded and free of control characters. Fields travel apart from winston's own, so that no field can hide the message.
 */
export const createLogger = (options: LoggerOptions): RootLogger => {
  const stream = options.stream ?? process.stdout;
  const toLine = options.format === 'pretty' && stream.isTTY === true ? prettyLine : jsonLine;
  const now = options.now ?? (() => new Date());

  const format = winston.format((info) => {
    const entry = info['entry'] as LogEntry;
    (info as Record<symbol, unknown>)[messageSymbol] = toLine(entry);
    return info;
  });
  const root = winston.createLogger({
    level: options.level,
    levels: Object.fromEntries(logLevels.map((level, rank) => [level, rank])),
    format: format(),
    transports: [new winston.transports.Stream({ stream })],
  });
  stream.on('error', onStreamError);

  let closing: Promise<void> | undefined;
  const write = (level: LogLevel, message: string, fields: LogFields): void => {
    if (closing !== undefined || !root.isLevelEnabled(level)) return;
    const entry: LogEntry = { at: now(), level, message, fields };
    root.log({ level, message: '', entry });
  };

  const close = async (): Promise<void> => {
    const finished = new Promise<void>((resolve) => root.once('finish', resolve));
    root.end();
    await finished;
    await new Promise<void>((resolve) => {
      stream.write('', () => {
        resolve();
      });
    });
    stream.removeListener('error', onStreamError);
  };

  return {
    ...bound(write, options.fields ?? {}),
    close: () => (closing ??= close()),
  };
};

const bound = (write: (level: LogLevel, message: string, fields: LogFields) => void, fields: LogFields): Logger => ({
  debug: (message, more) => {
    write('debug', message, { ...fields, ...more });
  },
  info: (message, more) => {
    write('info', message, { ...fields, ...more });
  },
  warn: (message, more) => {
    write('warn', message, { ...fields, ...more });
  },
  error: (message, more) => {
    write('error', message, { ...fields, ...more });
  },
  child: (more) => bound(write, { ...fields, ...more }),
});
