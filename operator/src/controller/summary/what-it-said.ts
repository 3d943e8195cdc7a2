import type { RunRecord } from '@nodetask/shared';
import type { TargetView } from '../target/target-view.ts';

/** The words of an agent about a run that has ended. Of the last one the result says more than the list of runs has room for. */
export const whatItSaid = (run: RunRecord, result: TargetView['result']): string | undefined => {
  const { error, message, reason } = run;
  if (error !== undefined) return isBeginning(error, result?.error) ? result?.error : error;
  const isOfResult =
    message === undefined ? reason !== undefined && result?.reason === reason : isBeginning(message, result?.message);
  const said = (isOfResult ? result?.message : undefined) ?? message ?? reason;
  const warning = isOfResult ? result?.warnings?.[0] : undefined;
  return said === undefined || warning === undefined ? said : `${said}; warning: ${warning}`;
};

/** Whether a text of the list, which may be cut there, is that of the result. */
const isBeginning = (short: string, long: string | undefined): boolean =>
  long?.startsWith(short.replace(/\u2026$/, '')) === true;
