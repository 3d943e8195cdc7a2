import type { Request } from 'express';
import type { EngineApi } from '../engine/engine-api.ts';
import { checkFence } from './fence-header.ts';
import { readJsonBody } from './json-body.ts';

/**
 * The JSON body of a request that changes something. Its end may come long after its head, with the call of a newer leader in
 * between: so the fence is checked again, and what the caller does must follow without waiting for anything.
 * @throws TaskError fenced, fence-ahead; what readJsonBody throws.
 */
export const readFencedBody = async (request: Request, engine: EngineApi): Promise<unknown> => {
  const body = await readJsonBody(request);
  checkFence(request, engine);
  return body;
};
