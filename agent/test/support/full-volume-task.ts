// Runs a task on a small volume that is full, or that fills up while it runs; see full-volume.ts, which starts it. argv[2] is the folder of
// the volume, argv[3] a FullVolumeTask in JSON; prints a FullVolumeRun in JSON for each of its fills.
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@nodetask/runtime';
import { TaskError, type TaskType } from '@nodetask/shared';
import type { TaskHandler } from '../../src/engine/task-handler.ts';
import { createEgress } from '../../src/node/testing/loopback-egress.ts';
import { createHandlers } from '../../src/tasks/handlers.ts';
import { runTask } from '../../src/tasks/testing/run-task.ts';
import type { FullVolumeRun, FullVolumeTask } from './full-volume.ts';
import { mountedVolume, quotaVolume } from './small-volume.ts';
import { describeTree } from './snapshot-home.ts';

const [folder = '', json = '{}'] = process.argv.slice(2);
const task = JSON.parse(json) as FullVolumeTask;
const volume = task.isMounted ? mountedVolume(folder) : await quotaVolume();
const egress = createEgress({ nodeRPC: task.nodeRPC, allowHosts: ['127.0.0.1'] });

const run = async (home: string, params: object, onProgress: (stage: string) => void): Promise<string> => {
  const handlers = createHandlers({
    home,
    stateFolder: join(home, '.nodetask'),
    nodeRPC: task.nodeRPC,
    egress,
    clock: systemClock,
    hostname: 'test-host',
    cpus: 2,
  });
  const handler: TaskHandler<never> = handlers[task.type];
  const options = { onProgress: ({ stage }: { readonly stage: string }) => onProgress(stage) };
  return (await runTask(task.type satisfies TaskType, handler, params, options)).outcome;
};

for (const [index, fill] of task.fills.entries()) {
  const home = join(folder, 'home');
  await cp(task.template, home, { recursive: true });
  const params = { ...task.params, ...(task.prefixes === undefined ? {} : { prefix: `${task.prefixes}${index}/` }) };
  const before = await describeTree(home);
  if ('bytesLeft' in fill) volume.fill(fill.bytesLeft);
  let isFull = 'bytesLeft' in fill;
  let error: FullVolumeRun['error'];
  const outcome = await run(home, params, (stage) => {
    if (isFull || !('atStage' in fill) || fill.atStage !== stage) return;
    isFull = true;
    volume.fill(0);
  }).catch((thrown: unknown) => {
    if (!(thrown instanceof TaskError)) throw thrown;
    error = { code: thrown.code, message: thrown.message };
    return undefined;
  });
  volume.free();
  const after = await describeTree(home);
  const again = await run(home, params, () => undefined);
  const result: FullVolumeRun = {
    fill,
    isFull,
    ...(outcome === undefined ? {} : { outcome }),
    ...(error === undefined ? {} : { error }),
    before,
    after,
    again,
    afterAgain: await describeTree(home),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  await rm(home, { recursive: true });
}
await egress.close();
