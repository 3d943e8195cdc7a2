import type { FakeClock } from '@nodetask/runtime/testing';
import type { LogFields, Logger } from '@nodetask/shared';

/** Keeps what is logged, and lets a test await a line. */
export class LogLines {
  readonly lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[] = [];
  #waiters: (() => void)[] = [];

  readonly logger: Logger = this.#logger({});

  get text(): string {
    return this.lines.map(({ level, message, fields }) => `${level} ${message} ${JSON.stringify(fields)}`).join('\n');
  }

  /** The first line whose message matches. */
  find(message: RegExp): LogFields | undefined {
    return this.lines.find((candidate) => message.test(candidate.message))?.fields;
  }

  /** The first line whose message matches, once it is there. */
  async until(message: RegExp, timeoutMs = 20_000): Promise<LogFields> {
    const deadline = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const fields = this.find(message);
      if (fields !== undefined) return fields;
      if (deadline.aborted) throw new Error(`no line matches ${String(message)} in\n${this.text}`);
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve);
        deadline.addEventListener(
          'abort',
          () => {
            resolve();
          },
          { once: true },
        );
      });
    }
  }

  #logger(fields: LogFields): Logger {
    const write =
      (level: string) =>
      (message: string, more?: LogFields): void => {
        this.lines.push({ level, message, fields: { ...fields, ...more } });
        for (const wake of this.#waiters.splice(0)) wake();
      };
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: (more) => this.#logger({ ...fields, ...more }),
    };
  }
}

/** Moves the time on by steps until a line matches: what happens between two steps may wait for real files and sockets. */
export const advanceUntil = async (
  clock: Pick<FakeClock, 'advance'>,
  log: LogLines,
  message: RegExp,
  stepMs = 5000,
): Promise<LogFields> => {
  const deadline = AbortSignal.timeout(20_000);
  for (;;) {
    const fields = log.find(message);
    if (fields !== undefined) return fields;
    if (deadline.aborted) throw new Error(`no line matches ${String(message)} in\n${log.text}`);
    await clock.advance(stepMs);
  }
};
