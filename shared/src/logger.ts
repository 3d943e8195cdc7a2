/** What every part logs through; injected, never imported. Fields are structured and redacted where they are written. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger;
}

/** An Error is put under `error`: name, message, stack, code and causes are kept. */
export type LogFields = Readonly<Record<string, unknown>>;

const nothing = (): void => undefined;

/** Logs nothing: for tests and for library users who do not want lines. */
export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLogger,
};
