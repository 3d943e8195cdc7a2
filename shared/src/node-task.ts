import type * as z from 'zod';
import type { groupVersion, kind } from './names.ts';
import type { nodeTaskSpecSchema } from './node-task-spec.ts';
import type { NodeTaskStatus } from './node-task-status.ts';

export interface ObjectMeta {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A NodeTask as the API server serves it. `spec` is checked there, and parsed again by nodeTaskSpecSchema where it is used. */
export interface NodeTask {
  readonly apiVersion: typeof groupVersion;
  readonly kind: typeof kind;
  readonly metadata: ObjectMeta;
  readonly spec: z.input<typeof nodeTaskSpecSchema>;
  readonly status?: NodeTaskStatus;
}
