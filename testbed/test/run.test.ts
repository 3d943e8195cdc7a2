import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { findProgram, mustRun, waitFor } from '@nodetask/testbed';
import { sweepTempFolders } from '../src/temp-folder.ts';

const RUN = join(import.meta.dirname, '..', 'src', 'run.ts');

test(
  'npm run testbed prints a KUBECONFIG that works, stays up, and cleans up at Ctrl-C',
  { timeout: 60_000 },
  async () => {
    const child = spawn(process.execPath, ['--conditions=nodetask-source', RUN, '--control-plane-only'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let kubeconfig = '';
    for await (const line of createInterface({ input: child.stdout })) {
      kubeconfig = /^export KUBECONFIG=(.+)$/.exec(line)?.[1] ?? kubeconfig;
      if (line.startsWith('# up after')) break;
    }
    const kubectl = await findProgram('kubectl');
    const { stdout } = await mustRun(kubectl, ['--kubeconfig', kubeconfig, 'get', 'namespaces', '-o', 'name']);
    assert.match(stdout, /^namespace\/default$/m);
    assert.equal(child.exitCode, null);
    const exited = once(child, 'exit');
    // npm's scripts hand on one Ctrl-C more than once.
    child.kill('SIGINT');
    child.kill('SIGINT');
    assert.deepEqual(await exited, [0, null]);
    await assert.rejects(stat(dirname(kubeconfig)), { code: 'ENOENT' });
  },
);

test('kill -9 of it ends every server, and the next start removes its folder', { timeout: 60_000 }, async () => {
  const child = spawn(process.execPath, ['--conditions=nodetask-source', RUN, '--control-plane-only'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let folder = '';
  for await (const line of createInterface({ input: child.stdout })) {
    folder = /^export KUBECONFIG=(.+)\/[^/]+$/.exec(line)?.[1] ?? folder;
    if (line.startsWith('# up after')) break;
  }
  assert.deepEqual((await serversOf(folder)).toSorted(), ['etcd', 'kube-apiserver', 'kube-controller-manager']);
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  await waitFor(async () => (await serversOf(folder)).length === 0, {
    what: `the servers of ${folder} to end`,
    timeoutMs: 5_000,
  });
  assert.ok((await stat(folder)).isDirectory());
  await sweepTempFolders(dirname(folder));
  await assert.rejects(stat(folder), { code: 'ENOENT' });
});

/** Names of the programs whose command line holds the folder. */
async function serversOf(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const [program = '', ...args] = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (args.some((arg) => arg.includes(folder))) names.push(basename(program).replace(/-v[\d.]+$/, ''));
  }
  return names;
}

test('npm run testbed explains itself and refuses an unknown option', { timeout: 20_000 }, async () => {
  const help = await mustRun(process.execPath, ['--conditions=nodetask-source', RUN, '--help']);
  assert.match(help.stdout, /--control-plane-only/);
  await assert.rejects(
    mustRun(process.execPath, ['--conditions=nodetask-source', RUN, '--nonsense']),
    /Unknown option '--nonsense'/,
  );
});
