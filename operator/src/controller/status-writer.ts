import {
  cancelFinalizer,
  groupVersion,
  kind,
  type NodeTask,
  type NodeTaskStatus,
  operatorFieldManager,
} from '@nodetask/shared';
import { ApiError } from '../kube/api-error.ts';
import { type ApplyBody, applyStatus, jsonPatch } from '../kube/apply.ts';
import { deleteObject } from '../kube/delete.ts';
import { addFinalizer, removeFinalizer } from '../kube/finalizer.ts';
import type { Fence } from '../kube/held-lease.ts';
import type { KubeTransport } from '../kube/kube-transport.ts';
import type { ReadYourWrites } from '../kube/read-your-writes.ts';
import { collectionPath } from '../kube/resource-type.ts';
import type { OwnedStatus } from './decision.ts';
import { keyOf, nodeTasks } from './node-tasks.ts';
import { readNodeTask } from './read-node-task.ts';

export interface StatusWriterOptions {
  readonly transport: KubeTransport;
  readonly ownWrites: ReadYourWrites;
  /** leaseTransitions of this operator's Lease: the API server refuses it where a higher one has written. */
  readonly fence: Fence;
}

/** What the controller writes with; StatusWriter is one. */
export type StatusWrites = Pick<StatusWriter, 'apply' | 'dropRows' | 'addFinalizer' | 'removeFinalizer' | 'delete'>;

/**
 * The writes to a NodeTask. By server-side apply the operator owns every field of status but `result` and `runs`, which belong to
 * the agents: what it applies is always its whole part. A write may come late, when another operator leads: then the fence in
 * status keeps it from undoing what that one wrote, and the version that was read does where no fence is written.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /**
   * If a higher fence stands in status, as after a restore of the Lease, the own one is raised above it.
   * @throws LeadershipLostError if another operator leads; ApiError `Conflict` if another object has the name by now
   */
  async apply(nodeTask: NodeTask, status: OwnedStatus, signal: AbortSignal): Promise<NodeTask> {
    const written = await this.#applyFenced(nodeTask, status, signal);
    if (written.metadata.uid === nodeTask.metadata.uid) return written;
    // The API server overlooks the uid on the status subresource. The status of the former object is taken back.
    await this.#takeOff(operatorFieldManager, written, signal);
    throw new ApiError(`${keyOf(nodeTask)} was created anew while its status was written`, {
      code: 409,
      reason: 'Conflict',
    });
  }

  /**
   * Takes rows off status, with everything in them, whoever owns it: a row may be there under any field manager. Throws a Conflict where the object is not the
   * version that `nodeTask` is.
   */
  async dropRows(nodeTask: NodeTask, pods: readonly string[], signal: AbortSignal): Promise<NodeTask> {
    const { status, metadata } = nodeTask;
    // From behind, so that no index moves.
    const indexes = (status?.targets ?? [])
      .flatMap(({ pod }, index) => (pods.includes(pod) ? [index] : []))
      .toReversed();
    if (indexes.length === 0) return nodeTask;
    const operations = [
      { op: 'replace', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
      ...indexes.map((index) => ({ op: 'remove', path: `/status/targets/${index}` })),
    ];
    const { transport, ownWrites } = this.#options;
    return ownWrites.track(keyOf(nodeTask), async () =>
      readNodeTask(
        await jsonPatch<unknown>(transport, nodeTasks, metadata, operations, {
          fieldManager: operatorFieldManager,
          subresource: 'status',
          signal,
        }),
      ),
    );
  }

  /** Throws a Conflict where the object is not the version that `nodeTask` is. */
  async addFinalizer(nodeTask: NodeTask, signal: AbortSignal): Promise<NodeTask> {
    return this.#options.ownWrites.track(keyOf(nodeTask), async () =>
      readNodeTask(
        await addFinalizer(this.#options.transport, nodeTasks, nodeTask, cancelFinalizer, {
          fieldManager: operatorFieldManager,
          signal,
        }),
      ),
    );
  }

  async removeFinalizer(nodeTask: NodeTask, signal: AbortSignal): Promise<NodeTask> {
    return this.#options.ownWrites.track(keyOf(nodeTask), async () =>
      readNodeTask(
        await removeFinalizer(this.#options.transport, nodeTasks, nodeTask, cancelFinalizer, {
          fieldManager: operatorFieldManager,
          signal,
        }),
      ),
    );
  }

  /** Throws a Conflict where the object is not the version that `nodeTask` is: somebody may want it to run again. */
  async delete(nodeTask: NodeTask, signal: AbortSignal): Promise<void> {
    await deleteObject(this.#options.transport, nodeTasks, nodeTask, { signal });
  }

  async #applyFenced(nodeTask: NodeTask, status: OwnedStatus, signal: AbortSignal): Promise<NodeTask> {
    const { fence } = this.#options;
    const write = async (): Promise<NodeTask> =>
      this.#applyAs(operatorFieldManager, nodeTask, { status: { ...status, fence: fence.value } }, signal);
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof ApiError) || !error.fields.includes('status.fence')) throw error;
    }
    const now = await this.#read(nodeTask, signal);
    const seen = now.status?.fence ?? 0;
    if (!(await fence.raise(seen, signal))) {
      // An operator whose clock was far ahead has written it. Once it is taken off, any fence may stand there.
      const { resourceVersion } = now.metadata;
      await this.#applyAs(operatorFieldManager, nodeTask, { status, resourceVersion }, signal);
    }
    return write();
  }

  /** The NodeTask as it is now, by the one right that the operator has to read it. */
  async #read({ metadata }: NodeTask, signal: AbortSignal): Promise<NodeTask> {
    const { items } = await this.#options.transport.request<{ readonly items?: readonly unknown[] }>({
      method: 'GET',
      path: collectionPath(nodeTasks, metadata.namespace),
      query: { fieldSelector: `metadata.name=${metadata.name}` },
      verb: 'list',
      signal,
    });
    const [item] = items ?? [];
    if (item === undefined) throw new ApiError(`${metadata.name} is gone`, { code: 404, reason: 'NotFound' });
    return readNodeTask(item);
  }

  async #takeOff(fieldManager: string, nodeTask: NodeTask, signal: AbortSignal): Promise<NodeTask> {
    const { resourceVersion } = nodeTask.metadata;
    return this.#applyAs(fieldManager, nodeTask, { resourceVersion }, signal);
  }

  async #applyAs(
    fieldManager: string,
    nodeTask: NodeTask,
    { status, resourceVersion }: { readonly status?: NodeTaskStatus; readonly resourceVersion?: string },
    signal: AbortSignal,
  ): Promise<NodeTask> {
    const { name, namespace, uid } = nodeTask.metadata;
    const body: ApplyBody = {
      apiVersion: groupVersion,
      kind,
      metadata: { name, namespace, uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
      ...(status === undefined ? {} : { status }),
    };
    const { transport, ownWrites } = this.#options;
    return ownWrites.track(keyOf(nodeTask), async () =>
      readNodeTask(await applyStatus<unknown>(transport, nodeTasks, body, { fieldManager, signal })),
    );
  }
}
