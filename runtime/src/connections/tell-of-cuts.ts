import type { Clock, Logger } from '@nodetask/shared';
import { boundedLogger } from './bounded-logger.ts';
import type { CutReason, OnCut } from './connection-guard.ts';

export interface TellOfCutsOptions {
  /** Name of the listener in the log. */
  readonly listener: string;
  /** Called with each cut, for a metric. */
  readonly count: (reason: CutReason) => void;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Counts the connections that a listener cuts. The log gets a line for the first one of a minute, and one with the number of the others. */
export const tellOfCuts = ({ listener, count, logger, clock }: TellOfCutsOptions): OnCut => {
  const bounded = boundedLogger({ logger: logger.child({ listener }), clock, lines: 1 });
  return (reason, address) => {
    count(reason);
    bounded.warn('a connection was cut', { reason, address });
  };
};
