/** The program of `runAside`: one task on one home, with its outcome and how long it blocked this thread on standard output. */
import { TaskError } from '@nodetask/shared';
import { configApply } from '../config-apply/config-apply.ts';
import { configPatch } from '../config-patch/config-patch.ts';
import { configValidate } from '../config-validate/config-validate.ts';
import { runTask } from './run-task.ts';
import { nodeHome } from '../../node/node-home.ts';
import type { AsideJob, AsideResult } from './run-aside.ts';

const { home: root, type, params } = JSON.parse(process.argv[2] ?? '') as AsideJob;
const home = nodeHome(root);

const processorMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

const run = () => {
  switch (type) {
    case 'config-patch':
      return runTask(type, configPatch(home), params);
    case 'config-validate':
      return runTask(type, configValidate(home), params);
    case 'config-apply':
      return runTask(type, configApply(home, { hostname: 'node', cpus: 1 }), params);
    default:
      return type satisfies never;
  }
};

let blockedMs = 0;
let last = processorMs();
const tick = (): void => {
  const now = processorMs();
  blockedMs = Math.max(blockedMs, now - last);
  last = now;
};
const timer = setInterval(tick, 5);

const result = async (): Promise<Omit<AsideResult, 'blockedMs' | 'peakMiB'>> => {
  try {
    return { outcome: (await run()).outcome };
  } catch (error) {
    if (error instanceof TaskError) return { failure: `${error.code}: ${error.message}` };
    throw error;
  }
};

const ended = await result();
tick();
clearInterval(timer);
const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
process.stdout.write(JSON.stringify({ ...ended, blockedMs: Math.round(blockedMs), peakMiB }));
