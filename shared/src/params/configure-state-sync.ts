import * as z from 'zod';
import { defineParams } from './define-params.ts';
import { dialect, goDuration } from './fields.ts';
import { rpcAddress } from './rpc-address.ts';

export const defaultTrustHeightOffset = 2000;

export const configureStateSyncParams = defineParams(
  z.strictObject({
    rpcServers: z
      .array(rpcAddress)
      .min(1)
      .max(16)
      .optional()
      .describe(
        'RPC addresses of the witnesses, at least two, as URLs, host:port or tcp://host:port. Default: the hosts of persistent-peers.',
      ),
    allowSingleWitness: z
      .boolean()
      .optional()
      .describe(
        'Take the word of one witness if there is no other, for a chain with one RPC. Then nobody confirms the trust point. Default: false.',
      ),
    trustPeriod: goDuration
      .optional()
      .describe('How long the trust point stays good, as a Go duration. Default: as the file has it.'),
    trustHeightOffset: z
      .int()
      .min(1)
      .max(10_000_000)
      .default(defaultTrustHeightOffset)
      .describe('How many blocks below the tip the trust height is. Not with useLocalSnapshot.'),
    useLocalSnapshot: z
      .boolean()
      .default(false)
      .describe('Restore the highest snapshot that data/snapshots/metadata.db lists instead of asking peers.'),
    backfillBlocks: z
      .int()
      .min(0)
      .max(1_000_000_000)
      .optional()
      .describe('Blocks to fetch below the snapshot. Default: as the file has it.'),
    dialect,
  }),
  [
    {
      cel: '!has(self.rpcServers) || size(self.rpcServers) > 1 || (has(self.allowSingleWitness) && self.allowSingleWitness)',
      message:
        'rpcServers needs two witnesses, so that one confirms what the other says: give another, or set allowSingleWitness: true',
      holds: ({ rpcServers, allowSingleWitness }) =>
        !Array.isArray(rpcServers) || rpcServers.length > 1 || allowSingleWitness === true,
    },
  ],
);

export type ConfigureStateSyncParams = z.output<typeof configureStateSyncParams.schema>;
