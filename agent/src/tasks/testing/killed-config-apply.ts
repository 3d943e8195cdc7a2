// Runs config-apply for a validator on the home argv[2], and kills itself with SIGKILL after step number argv[3] of its transaction.
import { nodeHome } from '../../node/node-home.ts';
import { configApply } from '../config-apply/config-apply.ts';
import { runTask } from './run-task.ts';
import { testHost } from './sei-home.ts';

const [root = '', steps = ''] = process.argv.slice(2);
let left = Number(steps);

const handler = configApply(nodeHome(root), testHost, {
  afterStep: () => {
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  },
});

await runTask('config-apply', handler, { mode: 'validator' });
