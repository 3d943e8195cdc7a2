import { createHash } from 'node:crypto';
import { agentFieldManager, agentFieldManagerOfPod } from '@nodetask/shared';
import { dropOldest } from './drop-oldest.ts';

export interface FieldManagersOptions {
  readonly podName: string;
  /** Absent where it is not known: then there is the one name only. */
  readonly podUID?: string | undefined;
}

/**
 * The names under which this agent applies. The one that every reader of managedFields knows, made from the pod's name, can be taken by another pod before this
 * one has written to an object; from then on the admission policy refuses what would take that one's row away. For such a row there is a second name, which
 * the policy lets nobody else have.
 */
export class FieldManagers {
  readonly #common: string;
  readonly #own: string | undefined;
  /** By row, see rowKey: those where the common name is another's. */
  readonly #taken = new Map<string, true>();

  constructor({ podName, podUID }: FieldManagersOptions) {
    this.#common = agentFieldManager(createHash('sha256').update(podName).digest('hex'));
    this.#own = podUID === undefined ? undefined : agentFieldManagerOfPod(podUID);
  }

  of(row: string): string {
    return this.#taken.has(row) && this.#own !== undefined ? this.#own : this.#common;
  }

  /** The policy refused the name that of() gave. True where there is another to try. */
  refused(row: string): boolean {
    if (this.#own === undefined || this.#taken.has(row)) return false;
    this.#taken.set(row, true);
    dropOldest(this.#taken);
    return true;
  }
}
