import { type Logger, TaskError } from '@nodetask/shared';
import type { DiscardOptions, ObjectStore } from '../objectstore/object-store.ts';

export interface DiscardLeftoversOptions extends DiscardOptions {
  readonly logger: Logger;
}

/**
 * Discards what interrupted uploads left at a store. This is only tidying up: a store that does not offer it, or does not allow it, is told of
 * by the warning that is answered. Throws where the store cannot be reached, since nothing else would work then either.
 */
export const discardLeftovers = async (
  store: ObjectStore,
  prefix: string,
  { logger, ...options }: DiscardLeftoversOptions,
): Promise<string | undefined> => {
  try {
    const keys = await store.discardUploads(prefix, options);
    if (keys.length > 0) logger.warn('discarded unfinished uploads of an earlier run', { keys });
    return undefined;
  } catch (error) {
    if (!(error instanceof TaskError) || error.code === 'object-store-unreachable') throw error;
    logger.warn('cannot look for unfinished uploads of an earlier run', { error });
    // The engine cuts warnings: first what to do.
    return `let a lifecycle rule of the bucket end incomplete uploads, since the agent cannot: ${error.message}`;
  }
};
