import type { Logger } from '@nodetask/shared';
import { recoverConfigFolder } from '../node/config-folder.ts';
import type { NodeHome } from '../node/node-home.ts';
import { recoverSnapshots } from './snapshot/open-snapshots.ts';

/**
 * What tasks do before they look at the node's files, done at the start of the agent: the task that a crash interrupted may be gone, and the
 * node may start before another one. A failure is told in the log, since each task tells its own.
 */
export const recoverHome = async (home: NodeHome, logger: Logger): Promise<void> => {
  const recoveries = [
    ['config files', recoverConfigFolder],
    ['snapshots', recoverSnapshots],
  ] as const;
  for (const [what, recover] of recoveries) {
    try {
      await recover(home, logger);
    } catch (error) {
      logger.warn(`cannot look for an interrupted change of ${what}`, { error });
    }
  }
};
