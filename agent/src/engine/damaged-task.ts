import { isTaskType, TaskError, type TaskRef } from '@nodetask/shared';
import { failureOf } from './failure.ts';
import type { TaskRecord } from './store.ts';

/** A task whose record is damaged, by what else the journal says of it. */
export interface DamagedTask {
  readonly id: string;
  readonly kind: TaskRecord['kind'];
  /** It had ended. */
  readonly ended: boolean;
  /** Its NodeTask did not show its end yet. */
  readonly unreported: boolean;
  readonly type: string | undefined;
  readonly ref: TaskRef | undefined;
  readonly revision: number;
  readonly sequence: number;
  /** The fault of the record. */
  readonly fault: string;
}

/** The end that the task gets. */
export type Remains =
  /** It stays, as failed: it is not run again by itself, and whoever asks for it is told. */
  | { readonly kind: 'failed'; readonly record: TaskRecord }
  /** Its id is never executed again; not even its type is known. */
  | { readonly kind: 'removed' }
  /** As if the journal was lost: the operator sends it again, with the runs that status remembers. */
  | { readonly kind: 'forgotten' };

/**
 * A schedule or daemon that lives is wanted to go on, and begins anew where it was. Of everything else it is not known what it did or came to, and
 * that is for people to judge. Pure.
 */
export const remainsOf = (task: DamagedTask, at: string): Remains => {
  const { id, kind, type, ref, fault, sequence } = task;
  if (!task.ended && kind !== 'one-shot') return { kind: 'forgotten' };
  if (type === undefined || !isTaskType(type)) return { kind: 'removed' };
  const what = task.ended ? 'how it ended is not known any more' : 'whether it ran to its end is not known';
  const message = `its record in the journal is damaged (${fault}), and ${what}`;
  const { text, code, retriable } = failureOf(new TaskError('record-damaged', message));
  const revision = task.revision + 1;
  return {
    kind: 'failed',
    record: {
      id,
      kind,
      type,
      params: {},
      ...(ref === undefined ? {} : { ref }),
      fingerprint: '',
      result: {
        id,
        type,
        status: 'failed',
        submittedAt: at,
        completedAt: at,
        run: 1,
        error: text,
        errorCode: code,
        retriable,
      },
      active: false,
      runs: [],
      damaged: true,
      revision,
      // A NodeTask that shows how it ended keeps that.
      reportedRevision: task.ended && !task.unreported ? revision : 0,
      sequence,
    },
  };
};
