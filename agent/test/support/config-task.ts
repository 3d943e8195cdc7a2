import type { TaskReport } from '../../src/engine/task-handler.ts';
import type { NodeHome } from '../../src/node/node-home.ts';
import { configApply } from '../../src/tasks/config-apply/config-apply.ts';
import { configPatch } from '../../src/tasks/config-patch/config-patch.ts';
import { genesisHandler } from '../../src/tasks/testing/genesis-handler.ts';
import { runTask } from '../../src/tasks/testing/run-task.ts';
import { testHost } from '../../src/tasks/testing/sei-home.ts';
import { loopbackEgress } from './object-store.ts';

export interface ConfigTask {
  run(type: string, params: unknown): Promise<TaskReport>;
  close(): Promise<void>;
}

/** The tasks that write files under config/ of a home, free to reach servers of this machine. */
export const configTask = (home: NodeHome): ConfigTask => {
  const egress = loopbackEgress();
  return {
    run: (type, params) => {
      switch (type) {
        case 'config-apply':
          return runTask('config-apply', configApply(home, testHost), params);
        case 'config-patch':
          return runTask('config-patch', configPatch(home), params);
        case 'configure-genesis':
          return runTask('configure-genesis', genesisHandler({ home, egress }), params);
        default:
          throw new Error(`${type} writes no file under config/ here`);
      }
    },
    close: () => egress.close(),
  };
};
