import { TaskError } from '@nodetask/shared';

/** For what is no genesis document. `advice` is a sentence without its full stop. */
export const genesisInvalid = (source: string, what: string, advice = 'Check the source', cause?: unknown): TaskError =>
  new TaskError(
    'genesis-invalid',
    `${source} is not a genesis document: it ${what}; nothing was changed. ${advice}`,
    cause === undefined ? {} : { cause },
  );
