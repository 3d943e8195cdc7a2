import { cancelFinalizer } from '@nodetask/shared';
import { boundedText, withFullStop } from '../bounded-text.ts';
import { ApiError } from '../kube/api-error.ts';
import type { EventNote } from './decision.ts';
import type { StatusWrites } from './status-writer.ts';

/** What the operator writes to a NodeTask. */
export const writes = ['status', 'rows', 'finalizer', 'finalizer_removal', 'deletion'] as const;
export type Write = (typeof writes)[number];

/** A write that the API server does not take: a policy or a webhook is against it, the operator lacks a right, or the CRD is of another version. */
export interface RefusedWrite {
  readonly write: Write;
  /** In the words of the API server. */
  readonly said: string;
}

const refusals: ReadonlySet<number> = new Set([400, 403, 413, 422]);
/** Of the API server, where a webhook gives no answer and has the failurePolicy Fail. */
const failedWebhook = 'failed calling webhook';

/** Of a text that more follows on status. */
const maxCharacters = 512;

/** The words of a refusal; undefined for another error. */
const saidIn = (error: unknown): string | undefined => {
  if (!(error instanceof ApiError)) return undefined;
  const { code, said = error.message } = error;
  return refusals.has(code) || (code === 500 && said.includes(failedWebhook))
    ? boundedText(said, maxCharacters)
    : undefined;
};

/** The same writes, each of which tells whether it is refused; one that fails for another reason tells nothing. */
export const tellingRefusals = (
  writer: StatusWrites,
  tell: (write: Write, refused: RefusedWrite | undefined) => void,
): StatusWrites => {
  const watched = async <T>(write: Write, work: Promise<T>): Promise<T> => {
    try {
      const result = await work;
      tell(write, undefined);
      return result;
    } catch (error) {
      const said = saidIn(error);
      if (said !== undefined) tell(write, { write, said });
      throw error;
    }
  };
  return {
    apply: async (...args) => watched('status', writer.apply(...args)),
    dropRows: async (...args) => watched('rows', writer.dropRows(...args)),
    addFinalizer: async (...args) => watched('finalizer', writer.addFinalizer(...args)),
    removeFinalizer: async (...args) => watched('finalizer_removal', writer.removeFinalizer(...args)),
    delete: async (...args) => watched('deletion', writer.delete(...args)),
  };
};

const meanings: Readonly<Record<Write, string>> = {
  status: 'the status of this NodeTask, so that it does not show what is so',
  rows: 'that rows of other pods are taken off its status',
  finalizer: `the finalizer ${cancelFinalizer}, without which nothing is started`,
  finalizer_removal: `that the finalizer ${cancelFinalizer} is taken off`,
  deletion: 'the deletion, for which spec.ttlSecondsAfterFinished asks',
};

/** What is refused, and by whom. */
export const refusalText = ({ write, said }: RefusedWrite): string =>
  `the API server refuses the operator ${meanings[write]}: ${said}`;

export const refusalEvent = (refused: RefusedWrite): EventNote => ({
  type: 'Warning',
  reason: 'WriteRefused',
  action: 'Write',
  note: `${withFullStop(`T${refusalText(refused).slice(1)}`)} Have the policy, the webhook or the role named there allow it; the operator tries again by itself.`,
});
