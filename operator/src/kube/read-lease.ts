import * as z from 'zod';
import { ApiError } from './api-error.ts';
import type { Lease } from './lease.ts';

/** Members that are not read are kept: a Lease is written back as a whole. */
const schema = z.looseObject({
  metadata: z.looseObject({ name: z.string(), uid: z.string(), resourceVersion: z.string() }),
  spec: z
    .looseObject({
      holderIdentity: z.string().exactOptional(),
      leaseDurationSeconds: z.number().exactOptional(),
      acquireTime: z.string().exactOptional(),
      renewTime: z.string().exactOptional(),
      leaseTransitions: z.int().exactOptional(),
    })
    .exactOptional(),
});

/** @throws ApiError `InvalidAnswer`, retriable, for an answer that is no Lease. */
export const readLease = (answer: unknown): Lease => {
  const { data, error } = schema.safeParse(answer);
  if (data !== undefined) return data;
  throw new ApiError(
    `the answer of the API server is no Lease: ${String(error.issues[0]?.path.join('.'))} does not fit`,
    {
      code: 200,
      reason: 'InvalidAnswer',
      retriable: true,
      cause: error,
    },
  );
};
