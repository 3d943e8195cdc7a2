// Runs argv[2] (a task type) on the home argv[3] with the params argv[4], and kills itself with SIGKILL at the file call argv[5] (see
// kill-at-file-call.ts); prints the calls that it gets to.
import { nodeHome } from '../../src/node/node-home.ts';
import { configTask } from './config-task.ts';
import { killAtFileCall } from './kill-at-file-call.ts';

const [type = '', root = '', params = '{}', at = ''] = process.argv.slice(2);
await killAtFileCall(at);
const task = configTask(nodeHome(root));
await task.run(type, JSON.parse(params));
await task.close();
