// A live table as a user's second terminal shows it: `kubectl get … --watch`, line by line, until it is ended.
import { createInterface } from 'node:readline';
import type { ControlPlane } from '../control-plane.ts';
import { guardedSpawn } from '../process/guarded-spawn.ts';

/** Runs kubectl and gives each line that it prints to `print`, until disposed. */
export async function watchWithKubectl(
  controlPlane: ControlPlane,
  args: readonly string[],
  print: (line: string) => void,
): Promise<AsyncDisposable> {
  const child = await guardedSpawn(
    controlPlane.kubectlProgram,
    ['--kubeconfig', controlPlane.adminKubeconfig, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { HOME: controlPlane.folder, PATH: '/usr/bin:/bin' } },
  );
  for (const stream of [child.process.stdout, child.process.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', print);
  }
  return {
    [Symbol.asyncDispose]: async () => {
      child.process.kill('SIGTERM');
      await child.exited;
    },
  };
}
