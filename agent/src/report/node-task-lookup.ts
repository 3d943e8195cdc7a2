import type { Clock, TaskRef } from '@nodetask/shared';
import type { NodeTasks, OwnedTask, Standing } from '../engine/node-tasks.ts';
import type { ApiAnswer, StatusTransport } from './api-server.ts';
import { dropOldest } from './drop-oldest.ts';
import { judgeAnswer } from './judge-answer.ts';
import { shownNodeTaskSchema } from './shown-node-task.ts';
import { standingOf } from './standing-of.ts';
import { objectPath } from './status-patch.ts';

/** An answer of the API server that a NodeTask exists counts for this time, in milliseconds. */
const freshMs = 600_000;

export interface NodeTaskLookupOptions {
  readonly transport: Pick<StatusTransport, 'read'>;
  readonly podName: string;
  readonly clock: Clock;
}

/** Learns from the API server if the NodeTasks of this agent's tasks exist: by questions, and by the answers to reports. */
export class NodeTaskLookup implements NodeTasks {
  readonly #options: NodeTaskLookupOptions;
  /** By UID: when the API server last said that it is there. */
  readonly #seenAt = new Map<string, number>();

  constructor(options: NodeTaskLookupOptions) {
    this.#options = options;
  }

  /** The API server has said that the NodeTask is there. */
  seen({ uid }: TaskRef): void {
    this.#seenAt.delete(uid);
    this.#seenAt.set(uid, this.#options.clock.monotonic());
    dropOldest(this.#seenAt);
  }

  isFresh({ uid }: TaskRef): boolean {
    const seenAt = this.#seenAt.get(uid);
    return seenAt !== undefined && this.#options.clock.monotonic() - seenAt < freshMs;
  }

  async ask(task: OwnedTask, signal: AbortSignal): Promise<Standing> {
    let answer: ApiAnswer;
    try {
      answer = await this.#options.transport.read(objectPath(task.ref), signal);
    } catch {
      // Whoever asked says so: the reporter meets the same silence, and logs it.
      return { kind: 'away' };
    }
    const standing = this.#judge(task, answer);
    if (standing.kind === 'wanted') this.seen(task.ref);
    return standing;
  }

  #judge(task: OwnedTask, answer: ApiAnswer): Standing {
    const verdict = judgeAnswer(answer, 'least');
    switch (verdict.kind) {
      case 'accepted': {
        const shown = shownNodeTaskSchema.safeParse(answer.object);
        return shown.success ? standingOf(task, shown.data, this.#options.podName) : { kind: 'away' };
      }
      case 'gone':
        return { kind: 'gone', why: 'the NodeTask is gone' };
      case 'retry':
        return verdict.metric === 'forbidden' ? { kind: 'forbidden' } : { kind: 'away' };
      case 'shrink':
      case 'pause':
        return { kind: 'away' };
      default:
        return verdict satisfies never;
    }
  }
}
