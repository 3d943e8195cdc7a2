import { createHash } from 'node:crypto';
import {
  agentFieldManager,
  cancelFinalizer,
  groupVersion,
  kind,
  type NodeTask,
  operatorFieldManager,
} from '@nodetask/shared';
import { ApiError } from '../kube/api-error.ts';
import { type ApplyBody, applyStatus } from '../kube/apply.ts';
import { deleteObject } from '../kube/delete.ts';
import { addFinalizer, removeFinalizer } from '../kube/finalizer.ts';
import type { KubeTransport } from '../kube/kube-transport.ts';
import type { ReadYourWrites } from '../kube/read-your-writes.ts';
import type { OwnedStatus } from './decision.ts';
import { keyOf, nodeTasks } from './node-tasks.ts';

/**
 * The writes to a NodeTask. By server-side apply the operator owns every field of status but `result` and `runs`, which belong to
 * the agents: what it applies is always its whole part.
 */
export class StatusWriter {
  readonly #transport: KubeTransport;
  readonly #ownWrites: ReadYourWrites;

  constructor(transport: KubeTransport, ownWrites: ReadYourWrites) {
    this.#transport = transport;
    this.#ownWrites = ownWrites;
  }

  /** Throws a Conflict where another object has the name by now. */
  async apply(nodeTask: NodeTask, status: OwnedStatus, signal: AbortSignal): Promise<NodeTask> {
    const written = await this.#applyAs(operatorFieldManager, nodeTask, status, signal);
    if (written.metadata.uid === nodeTask.metadata.uid) return written;
    // The API server overlooks the uid on the status subresource. The status of the former object is taken back.
    await this.#applyAs(operatorFieldManager, written, undefined, signal);
    throw new ApiError(`${keyOf(nodeTask)} was created anew while its status was written`, {
      code: 409,
      reason: 'Conflict',
    });
  }

  /** Takes an agent's fields off status by applying nothing in its name. */
  async dropRow(nodeTask: NodeTask, pod: string, signal: AbortSignal): Promise<NodeTask> {
    const manager = agentFieldManager(createHash('sha256').update(pod).digest('hex'));
    return this.#applyAs(manager, nodeTask, undefined, signal);
  }

  /** Throws a Conflict where the object is not the version that `nodeTask` is. */
  async addFinalizer(nodeTask: NodeTask, signal: AbortSignal): Promise<NodeTask> {
    return this.#ownWrites.track(keyOf(nodeTask), async () =>
      addFinalizer(this.#transport, nodeTasks, nodeTask, cancelFinalizer, {
        fieldManager: operatorFieldManager,
        signal,
      }),
    );
  }

  async removeFinalizer(nodeTask: NodeTask, signal: AbortSignal): Promise<NodeTask> {
    return this.#ownWrites.track(keyOf(nodeTask), async () =>
      removeFinalizer(this.#transport, nodeTasks, nodeTask, cancelFinalizer, {
        fieldManager: operatorFieldManager,
        signal,
      }),
    );
  }

  /** Throws a Conflict where the object is not the version that `nodeTask` is: somebody may want it to run again. */
  async delete(nodeTask: NodeTask, signal: AbortSignal): Promise<void> {
    await deleteObject(this.#transport, nodeTasks, nodeTask, { signal });
  }

  async #applyAs(
    fieldManager: string,
    nodeTask: NodeTask,
    status: OwnedStatus | undefined,
    signal: AbortSignal,
  ): Promise<NodeTask> {
    const { name, namespace, uid } = nodeTask.metadata;
    const body: ApplyBody = {
      apiVersion: groupVersion,
      kind,
      metadata: { name, namespace, uid },
      ...(status === undefined ? {} : { status }),
    };
    return this.#ownWrites.track(keyOf(nodeTask), async () =>
      applyStatus<NodeTask>(this.#transport, nodeTasks, body, { fieldManager, signal }),
    );
  }
}
