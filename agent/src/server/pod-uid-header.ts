import { headers, TaskError } from '@nodetask/shared';
import type { Request } from 'express';
import { quoteValue } from './quote-value.ts';

/**
 * Refuses a request that is meant for another pod: the caller has an address from before it passed to this one, and the token is the same.
 * @param podUID of this pod, where it is known. @throws TaskError wrong-pod
 */
export const checkPodUID = (request: Request, podUID: string | undefined): void => {
  const meant = request.get(headers.podUID);
  if (meant === undefined || podUID === undefined || meant === podUID) return;
  throw new TaskError(
    'wrong-pod',
    `The request is meant for the pod with UID ${quoteValue(meant)}, and this is the pod with UID ${podUID}. Look up the address of the pod again.`,
  );
};
