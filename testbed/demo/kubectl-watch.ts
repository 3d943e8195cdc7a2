// A live table as a user's second terminal would show it: `kubectl get nodetasks --watch`, line by line.
import { createInterface } from 'node:readline';
import type { ControlPlane } from '../src/control-plane.ts';
import { guardedSpawn } from '../src/process/guarded-spawn.ts';

/** Prints each line through `print` until disposed. */
export async function watchWithKubectl(
  controlPlane: ControlPlane,
  namespace: string,
  print: (line: string) => void,
): Promise<AsyncDisposable> {
  const child = await guardedSpawn(
    controlPlane.kubectlProgram,
    ['--kubeconfig', controlPlane.adminKubeconfig, 'get', 'nodetasks', '--namespace', namespace, '--watch'],
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
