import * as z from 'zod';
import { defineParams } from './define-params.ts';
import { dialect, textByKey } from './fields.ts';

export const configReloadParams = defineParams(
  z.strictObject({
    fields: textByKey({ minKeys: 1, maxKeys: 64 }).describe(
      'Hot-reloadable registry keys with their new values, always as text, for instance {"logging.level": "debug"}.',
    ),
    signal: z
      .strictObject({
        process: z
          .string()
          .min(1)
          .max(64)
          .regex(/^[A-Za-z0-9._-]+$/, 'must be the name of a program, for instance seid')
          .describe(
            'Name of the program (as in /proc/<pid>/comm) in the shared process namespace; exactly one process must match.',
          ),
        name: z.enum(['SIGHUP', 'SIGUSR1', 'SIGUSR2']).describe('Signal to send.'),
      })
      .optional()
      .describe('Signal the node after writing. Default: none, because a node without a handler dies of SIGHUP.'),
    dialect,
  }),
);

export type ConfigReloadParams = z.output<typeof configReloadParams.schema>;
