// The real Helm 4 (and 3, for what both must agree on).
import { join } from 'node:path';
import { bareEnvironment, loadConfig } from './config.ts';
import type { ControlPlane } from './control-plane.ts';
import { runCommand } from './process/run-command.ts';
import type { CommandResult } from './process/run-command.ts';
import { findProgram } from './programs/find-program.ts';
import { makeTempFolder } from './temp-folder.ts';

/** Helm 4, or Helm 3. */
export type HelmVersion = 'helm' | 'helm3';

/** Runs helm as admin. Answers also if it fails: look at `code`. It is killed after `timeoutMs` (default 5 minutes). */
export async function helm(
  controlPlane: ControlPlane,
  args: readonly string[],
  options: { readonly timeoutMs?: number; readonly version?: HelmVersion } = {},
): Promise<CommandResult> {
  const program = await findProgram(options.version ?? 'helm');
  return runCommand(program, ['--kubeconfig', controlPlane.adminKubeconfig, ...args], {
    // Its caches and its discovery must not come from, or go to, the user's home.
    env: bareEnvironment({ HOME: join(controlPlane.folder, 'helm') }),
    timeoutMs: options.timeoutMs ?? 5 * 60_000,
  });
}

/** Runs helm where it needs no cluster (template, lint); answers also if it fails. */
export async function helmAlone(args: readonly string[], version: HelmVersion = 'helm'): Promise<CommandResult> {
  const program = await findProgram(version);
  const folder = await makeTempFolder(loadConfig().tempRoot, 'helm');
  try {
    return await runCommand(program, args, { env: bareEnvironment({ HOME: folder.path }), timeoutMs: 60_000 });
  } finally {
    await folder.remove();
  }
}
