import { forceDeleteAnnotation, groupVersion, kind, type NodeTask } from '@nodetask/shared';
import * as z from 'zod';
import { readMembers } from './read-members.ts';
import { readSpec } from './read-spec.ts';
import { readStatus } from './read-status.ts';

/** A NodeTask that is read member by member: each has the type that it is declared with, whatever the API server sent. */
export interface KnownNodeTask extends NodeTask {
  /**
   * Why the spec cannot be read. `spec` then holds the members that can, which is enough to stop the work that it began; nothing is begun by it.
   */
  readonly specFault?: string;
}

const text = z.string();
const moment = z.iso.datetime({ offset: true });
const identitySchema = z.object({ name: text, namespace: text, uid: text, resourceVersion: text });
const metadataShape = {
  generation: z.int(),
  creationTimestamp: moment,
  deletionTimestamp: moment,
  finalizers: z.array(text),
  annotations: z.record(text, text),
};

/**
 * Reads a NodeTask as the API server sends it, and leaves out what the operator has no use for. The CRD lets through only what fits; where the CRD is of
 * another version, or was made to let more through, this is what keeps one object from being in the way of all.
 * @throws ZodError only where it has no name, namespace, UID or version.
 */
export const readNodeTask = (object: unknown): KnownNodeTask => {
  const { metadata, spec, status } = object as {
    readonly metadata: unknown;
    readonly spec?: unknown;
    readonly status?: unknown;
  };
  const { annotations, ...members } = readMembers(metadataShape, metadata);
  const forced = annotations?.[forceDeleteAnnotation];
  return {
    apiVersion: groupVersion,
    kind,
    metadata: {
      ...identitySchema.parse(metadata),
      generation: 0,
      creationTimestamp: new Date(0).toISOString(),
      ...members,
      ...(forced === undefined ? {} : { annotations: { [forceDeleteAnnotation]: forced } }),
    },
    ...readSpec(spec),
    ...(status === undefined ? {} : { status: readStatus(status) }),
  };
};
