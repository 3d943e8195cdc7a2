import type { Clock, Logger } from '@nodetask/shared';
import type { EngineObserver } from './engine-observer.ts';
import type { Handlers } from './handlers.ts';
import type { Journal } from './journal.ts';
import type { Runner } from './runner.ts';

/** What the three kinds of tasks share. */
export interface EngineCore {
  readonly handlers: Handlers;
  readonly journal: Journal;
  readonly runner: Runner;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: Required<EngineObserver>;
}

/** Now, in RFC 3339. */
export const timestampNow = (core: EngineCore): string => new Date(core.clock.now()).toISOString();
