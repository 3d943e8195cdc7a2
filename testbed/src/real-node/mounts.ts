// What programs of a node write outside the folders that they are given, in a mount namespace of its own: the machine sees nothing of it.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from '../process/run-command.ts';

/** Sockets, and the links to the logs of containers. */
const SCRATCH = ['/run', '/var/log'];
/** What network plugins and kubelet remember here, however they are told to do it elsewhere. What is there already stays to be seen. */
const OVERLAID = '/var/lib';

/**
 * What a kubelet sets for the whole machine if it finds anything else. It finds this, and sets nothing.
 * https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/cm/container_manager_linux.go (setupKernelTunables)
 */
const SETTINGS: Readonly<Record<string, string>> = {
  'vm/overcommit_memory': '1',
  'vm/panic_on_oom': '0',
  'kernel/panic': '10',
  'kernel/panic_on_oops': '1',
  'kernel/keys/root_maxkeys': '1000000',
  'kernel/keys/root_maxbytes': '25000000',
};

/** Where the kubelet has its folder: it makes sockets there, and the path of a socket may have 107 characters only. */
export const KUBELET_FOLDER = '/run/kubelet';

/** Makes the mounts; what has to be on a disk goes into `folder`. */
export async function setUpMounts(folder: string): Promise<void> {
  for (const path of SCRATCH) await mustRun('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', path]);
  if (folder.startsWith(`${OVERLAID}/`))
    throw new Error(`${folder} would be hidden by what is mounted over ${OVERLAID}: set TMPDIR to a folder elsewhere`);
  const [upper, work] = ['/run/upper', '/run/work'];
  for (const path of [upper, work]) await mkdir(path);
  const layers = `lowerdir=${OVERLAID},upperdir=${upper},workdir=${work}`;
  await mustRun('mount', ['-t', 'overlay', '-o', layers, 'overlay', OVERLAID]);
  await mkdir(join(folder, 'kubelet'));
  await mkdir(KUBELET_FOLDER);
  await mustRun('mount', ['--bind', join(folder, 'kubelet'), KUBELET_FOLDER]);
  await mkdir(join(folder, 'settings'));
  for (const [name, value] of Object.entries(SETTINGS)) {
    const file = join(folder, 'settings', name.replaceAll('/', '.'));
    await writeFile(file, `${value}\n`, { mode: 0o444 });
    await mustRun('mount', ['--bind', file, join('/proc/sys', name)]);
  }
}

/** Takes away what is mounted in `folder` and for the kubelet: root filesystems and volumes of containers. */
export async function unmountAll(folder: string): Promise<void> {
  const mountinfo = await readFile('/proc/self/mountinfo', 'utf8');
  const paths = mountinfo.split('\n').map((line) => line.split(' ')[4] ?? '');
  const own = paths.filter((path) => path.startsWith(`${folder}/`) || path.startsWith(`${KUBELET_FOLDER}/`));
  for (const path of [...own.toReversed(), KUBELET_FOLDER]) await mustRun('umount', ['--lazy', path]);
}
