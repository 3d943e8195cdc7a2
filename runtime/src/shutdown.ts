import { constants } from 'node:os';
import type { Clock } from '@nodetask/shared';
import type { RootLogger } from './logger.ts';

/** What stopped the program. */
export class ShutdownError extends Error {
  override readonly name = 'ShutdownError';
  readonly signalName: NodeJS.Signals;

  constructor(signalName: NodeJS.Signals) {
    super(`the process received ${signalName}`);
    this.signalName = signalName;
  }
}

/** The part of `process` that is needed here. */
export interface ProcessLike {
  on(event: string, listener: (...values: unknown[]) => void): unknown;
  off(event: string, listener: (...values: unknown[]) => void): unknown;
  exit(code: number): void;
}

export interface ShutdownOptions {
  readonly logger: RootLogger;
  readonly clock: Clock;
  /** From the first signal to the hard end, in milliseconds. */
  readonly graceMs: number;
  readonly process?: ProcessLike;
}

export interface Shutdown extends Disposable {
  /** Aborts at the first SIGTERM or SIGINT, its reason a ShutdownError. */
  readonly signal: AbortSignal;
}

const flushMs = 1000;
const stopSignals = ['SIGTERM', 'SIGINT'] as const;

/**
 * The ends of a process: the first signal asks for an orderly stop, a second one or the end of the grace time ends it hard
 * (128 + signal, 1); an error that nobody caught is logged and ends it with 1, because what it left behind is unknown.
 */
export const installShutdown = (options: ShutdownOptions): Shutdown => {
  const target: ProcessLike = options.process ?? process;
  const controller = new AbortController();
  let cancelGrace: (() => void) | undefined;
  let ending = false;

  const end = (code: number): void => {
    if (ending) return;
    ending = true;
    const exit = (): void => {
      target.exit(code);
    };
    const cancel = options.clock.setTimer(flushMs, exit);
    void options.logger.close().finally(() => {
      cancel();
      exit();
    });
  };

  const onSignal = (name: NodeJS.Signals): void => {
    const hardCode = 128 + constants.signals[name];
    if (controller.signal.aborted) {
      options.logger.error('a second signal: ending at once', { signal: name });
      end(hardCode);
      return;
    }
    options.logger.info('stopping', { signal: name, graceSeconds: options.graceMs / 1000 });
    cancelGrace = options.clock.setTimer(options.graceMs, () => {
      options.logger.error('the grace time is over: ending at once', { graceSeconds: options.graceMs / 1000 });
      end(hardCode);
    });
    controller.abort(new ShutdownError(name));
  };

  const onFault =
    (kind: string) =>
    (error: unknown): void => {
      options.logger.error(`${kind}: ending`, { error });
      end(1);
    };

  const listeners: [string, (...values: unknown[]) => void][] = [
    ...stopSignals.map((name): [string, () => void] => [
      name,
      () => {
        onSignal(name);
      },
    ]),
    ['uncaughtException', onFault('an exception that nobody caught')],
    ['unhandledRejection', onFault('a rejection that nobody caught')],
  ];
  for (const [event, listener] of listeners) target.on(event, listener);

  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      cancelGrace?.();
      for (const [event, listener] of listeners) target.off(event, listener);
    },
  };
};
