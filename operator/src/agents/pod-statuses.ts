import * as z from 'zod';

/** What the status of a pod says of its containers. Whoever may write to it may write anything: what cannot be read is left out. */

const text = z.string();
const count = z.int().optional().catch(undefined);
const word = text.optional().catch(undefined);

const stateSchema = z.object({
  waiting: z.object({ reason: word, message: word }).optional().catch(undefined),
  running: z.object({ startedAt: word }).optional().catch(undefined),
  terminated: z.object({ exitCode: count, signal: count, reason: word, message: word }).optional().catch(undefined),
});
const state = stateSchema.optional().catch(undefined);

export const containerStatuses = z
  .array(
    z.object({
      name: text,
      image: word,
      ready: z.boolean().optional(),
      started: z.boolean().optional(),
      restartCount: z.int().optional(),
      state,
      lastState: state,
    }),
  )
  .optional();

export type ContainerStatus = NonNullable<z.output<typeof containerStatuses>>[number];
export type Termination = NonNullable<z.output<typeof stateSchema>['terminated']>;

export const podConditions = z
  .array(z.object({ type: text, status: text, reason: word, message: word }))
  .optional()
  .catch(undefined);

export const containerSpecs = z.array(
  z.object({
    name: text.default(''),
    restartPolicy: word,
    ports: z.array(z.object({ name: text.optional(), containerPort: z.int() })).optional(),
  }),
);
