// Runs argv[2] (a task type) on the home argv[3] with the params argv[4] as the task with the id argv[6], and kills itself with SIGKILL in
// the step named argv[5]: a step of the handler, or `progress <n>` for its n-th report of progress. What follows is allowed as --allow-path
// does. Prints the steps that it gets to.
import { writeSync } from 'node:fs';
import { systemClock } from '@nodetask/runtime';
import { nodeHome } from '../../src/node/node-home.ts';
import { createRpcClient } from '../../src/node/rpc-client.ts';
import { snapshotRestore } from '../../src/tasks/snapshot-restore/snapshot-restore.ts';
import { snapshotUpload } from '../../src/tasks/snapshot-upload/snapshot-upload.ts';
import { runTask } from '../../src/tasks/testing/run-task.ts';
import { loopbackEgress } from './object-store.ts';

const [type = '', root = '', params = '{}', last = '', id = '', ...allowPaths] = process.argv.slice(2);

const step = (name: string): void => {
  writeSync(1, `${name}\n`);
  if (name === last) process.kill(process.pid, 'SIGKILL');
};
let updates = 0;
const egress = loopbackEgress();
const options = {
  home: nodeHome(root, { allowPaths }),
  egress,
  clock: systemClock,
  cpus: 2,
  afterStep: step,
  nodeRPC: 'http://127.0.0.1:1',
  rpc: createRpcClient(egress, systemClock),
};
const watch = {
  id,
  onProgress: () => {
    updates += 1;
    step(`progress ${String(updates)}`);
  },
};

if (type === 'snapshot-upload') await runTask('snapshot-upload', snapshotUpload(options), JSON.parse(params), watch);
else await runTask('snapshot-restore', snapshotRestore(options), JSON.parse(params), watch);
