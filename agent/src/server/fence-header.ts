import { headers, maxFence, TaskError } from '@nodetask/shared';
import type { Request } from 'express';
import type { EngineApi } from '../engine/engine-api.ts';
import { quoteValue } from './quote-value.ts';

/** Refuses a request of a former leader, and remembers the fence of a new one. @throws TaskError fenced, fence-ahead, invalid-request */
export const checkFence = (request: Request, engine: EngineApi): void => {
  const fence = parseFence(request.get(headers.fence));
  if (fence !== undefined) engine.checkFence(fence);
};

/** The fence of a request; undefined where it has none (a person with curl). @throws TaskError invalid-request */
const parseFence = (header: string | undefined): number | undefined => {
  if (header === undefined) return undefined;
  const fence = /^(?:0|[1-9]\d{0,9})$/.test(header) ? Number(header) : Number.NaN;
  if (Number.isNaN(fence) || fence > maxFence) {
    const message = `must be the leaseTransitions of a Lease, one whole number from 0 to ${maxFence} (got ${quoteValue(header)})`;
    throw new TaskError('invalid-request', `The header ${headers.fence} ${message}.`, {
      details: { faults: [{ path: headers.fence, message }] },
    });
  }
  return fence;
};
