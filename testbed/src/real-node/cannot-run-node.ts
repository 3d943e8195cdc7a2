// A real node needs rights that few processes have: who has not got them is told what is missing, and not by a failure in the middle.
import { runCommand } from '../process/run-command.ts';
import { lacksRootRights } from '../root-rights.ts';
import { cgroupName, findCgroups, makeCgroup, removeCgroup } from './cgroups.ts';

/** Why this machine cannot run a real node, or false. */
export async function cannotRunNode(): Promise<string | false> {
  const rights = lacksRootRights('run a real node', ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN']);
  if (rights !== false) return rights;
  const { code, stderr } = await runCommand('unshare', ['--net', '--mount', '--pid', '--fork', '--mount-proc', 'true']);
  if (code !== 0) return `no namespaces can be made: ${stderr.trim()}`;
  try {
    const cgroups = await findCgroups();
    const name = cgroupName();
    await makeCgroup(name, cgroups);
    await removeCgroup(name, cgroups);
    return false;
  } catch (error) {
    return `no cgroups can be made: ${error instanceof Error ? error.message : String(error)}`;
  }
}
