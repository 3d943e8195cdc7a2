import { apiGroup, plural, statusPolicySuffix } from '@nodetask/shared';
import type { ApiAnswer } from './api-server.ts';

/** What an answer of the API server means for a report. */
export type Verdict =
  /** On status now. */
  | { readonly kind: 'accepted' }
  /** The NodeTask is gone, or another one has its name: nobody waits for this report any more. */
  | { readonly kind: 'gone' }
  /** Too large or not valid in some way: the least result may still be taken. */
  | { readonly kind: 'shrink' }
  /** Only this NodeTask: try it again later, with growing pauses. `denied`: the admission policy of status says no, not RBAC. */
  | { readonly kind: 'retry'; readonly metric: 'unauthorized' | 'forbidden' | 'denied' | 'failed' | 'refused' }
  /** The whole API server wants a pause, of this many milliseconds where it says so. */
  | { readonly kind: 'pause'; readonly afterMs: number | undefined };

/** @param size What was sent: there is nothing less than the least. */
export const judgeAnswer = (answer: ApiAnswer, size: 'fitting' | 'least'): Verdict => {
  switch (answer.status) {
    case 200:
    case 201:
      return { kind: 'accepted' };
    case 404:
      return isNoSuchNodeTask(answer) ? { kind: 'gone' } : { kind: 'retry', metric: 'failed' };
    case 409:
      // With force there are no field conflicts: the uid of an object that is gone, or a write in between.
      return isOtherUID(answer) ? { kind: 'gone' } : { kind: 'retry', metric: 'failed' };
    case 400:
    case 413:
    case 422:
      return size === 'fitting' ? { kind: 'shrink' } : { kind: 'retry', metric: 'refused' };
    case 401:
      return { kind: 'retry', metric: 'unauthorized' };
    case 403:
      return { kind: 'retry', metric: isOfPolicy(answer) ? 'denied' : 'forbidden' };
    case 429:
    case 503:
      return { kind: 'pause', afterMs: answer.retryAfterMs };
    default:
      return { kind: 'retry', metric: 'failed' };
  }
};

/**
 * `nodetasks.nodetask.dev "x" not found`. Any other 404 ("404 page not found", "the server could not find the requested resource")
 * comes from a proxy, or from an API server that does not serve NodeTasks yet or any more, and says nothing about this one.
 */
const isNoSuchNodeTask = ({ message }: ApiAnswer): boolean =>
  message.startsWith(`${plural}.${apiGroup} "`) && message.endsWith(' not found');

/** `… is forbidden: ValidatingAdmissionPolicy 'nodetask-status' with binding 'nodetask-status' denied request: …`. */
const isOfPolicy = ({ message }: ApiAnswer): boolean => {
  const [, name] = /: ValidatingAdmissionPolicy '([a-z0-9.-]{1,63})' /u.exec(message) ?? [];
  return name?.endsWith(statusPolicySuffix) === true;
};

/**
 * "Operation cannot be fulfilled on …: Precondition failed: UID in precondition: …, UID in object meta: …" or "uid mismatch: …".
 * Names of NodeTasks are in the messages of other conflicts too, and may have "uid" in them.
 */
const isOtherUID = ({ message }: ApiAnswer): boolean => /\bUID in precondition:|\buid mismatch:/.test(message);
