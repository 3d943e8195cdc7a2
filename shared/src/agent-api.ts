import * as z from 'zod';
import { maxFence } from './fence.ts';
import { asyncSchema } from './schedule.ts';
import { timestamp } from './task-result.ts';

/** The port of the agent where neither a container port named `nodetask` nor the annotation says otherwise. */
export const agentPort = 7777;

/** Headers of the agent API. */
export const headers = {
  /** leaseTransitions of the caller's Lease, on every mutating call; a lower one than seen before is answered 409 `fenced`. */
  fence: 'X-NodeTask-Fence',
  podUID: 'X-NodeTask-Pod-UID',
  /** A new UUID for each start of the agent process. */
  bootID: 'X-NodeTask-Boot-ID',
  /** A UUID that lives and dies with the durable store. */
  journal: 'X-NodeTask-Journal',
  /** On the answer to POST /v0/tasks where the id and request were known, and nothing was begun: the status of that task. */
  known: 'X-NodeTask-Known',
  /** On POST /v0/tasks: the span that the task belongs to. https://www.w3.org/TR/trace-context/ */
  trace: 'traceparent',
} as const;

/** Bodies above this many bytes are answered 413. */
export const maxBodyBytes = 1024 * 1024;

/** The NodeTask that a task belongs to: the agent writes the TaskResult to its status. */
export const taskRefSchema = z.strictObject({
  namespace: z.string().min(1).max(63).describe("Namespace of the NodeTask; must be the agent's own."),
  name: z.string().min(1).max(253).describe('Name of the NodeTask.'),
  uid: z.string().min(1).max(64).describe('UID of the NodeTask.'),
  maxResultBytes: z
    .int()
    .min(512)
    .max(65536)
    .describe('The most that the result, and the runs of a schedule beside it, may take on status, in bytes of JSON.'),
});

export type TaskRef = z.output<typeof taskRefSchema>;

/** What status remembers of a schedule whose agent lost its journal. */
export const resumeSchema = z.strictObject({
  lastRun: z.int().min(0).describe('Number of the last run.'),
  lastRunAt: timestamp.optional().describe('When the last run started.'),
  fired: z.boolean().optional().describe('True where the block height has fired already: it never fires again.'),
});

export type Resume = z.output<typeof resumeSchema>;

/** Body of POST /v0/tasks. `params` is checked against its type afterwards. */
export const submitRequestSchema = z.strictObject({
  id: z
    .uuid()
    .optional()
    .describe(
      'Id of the task; the same id and request again answer the same and run nothing twice. Default: a new one.',
    ),
  type: z.string().min(1).max(64).describe('Task type.'),
  params: z.record(z.string(), z.unknown()).optional().describe('Params of the task type.'),
  async: asyncSchema.optional().describe('Schedule or daemon. Default: once, now.'),
  timeoutSeconds: z
    .int()
    .min(1)
    .max(31_536_000)
    .optional()
    .describe(
      'The most that one run may take, counted from the moment of acceptance (of a schedule: from the start of the run).',
    ),
  run: z.int().min(1).optional().describe('Stored run + 1, to run a failed one-shot again.'),
  resume: resumeSchema.optional().describe('What was known of a schedule before the journal was lost.'),
  ref: taskRefSchema.optional().describe('The NodeTask that this task belongs to.'),
});

export type SubmitRequest = z.output<typeof submitRequestSchema>;

export const submitResponseSchema = z.strictObject({ id: z.uuid().describe('Id of the task.') });

export type SubmitResponse = z.output<typeof submitResponseSchema>;

export const engineStatuses = ['Initializing', 'Running', 'Ready'] as const;

const nodeId = z
  .string()
  .regex(/^[0-9a-f]{40}$/)
  .describe('Id under which the node is known to its peers, by its node key: 40 hexadecimal digits in lower case.');

export const statusResponseSchema = z.strictObject({
  status: z
    .enum(engineStatuses)
    .describe('Running while a one-shot runs; else Ready after mark-ready, Initializing before.'),
  nodeId: nodeId.optional().describe(`${nodeId.description} Absent where GET /v0/node-id says why there is none.`),
});

export type StatusResponse = z.output<typeof statusResponseSchema>;
export type EngineStatus = Pick<StatusResponse, 'status'>;

export const nodeIdResponseSchema = z.strictObject({ nodeId });

export type NodeIdResponse = z.output<typeof nodeIdResponseSchema>;

/** One thing that is wrong with a request. */
export const faultSchema = z.strictObject({
  path: z.string().describe('Where, for instance params.files."config.toml".'),
  message: z.string().describe('What is wrong and what is right.'),
});

export type Fault = z.output<typeof faultSchema>;

/** The task that stands in the way of another. */
export const blockedBySchema = z.strictObject({
  id: z.uuid(),
  type: z.string(),
  ref: taskRefSchema.optional(),
});

export type BlockedBy = z.output<typeof blockedBySchema>;

/** Body of every answer that is not 2xx. */
export const apiErrorSchema = z.object({
  error: z.string().describe('What, where, the offending value, and what to do.'),
  code: z.string().describe('Code of the error registry.'),
  retriable: z.boolean().describe('Whether the same request may succeed when tried again.'),
  details: z
    .object({
      faults: z.array(faultSchema).optional(),
      blockedBy: blockedBySchema.optional(),
      fence: z.int().min(0).max(maxFence).optional(),
    })
    .loose()
    .optional()
    .describe('More about the error: faults, blockedBy, the fence that has been seen.'),
});

export type ApiErrorBody = z.output<typeof apiErrorSchema>;
