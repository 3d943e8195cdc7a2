import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandWords, type CommandResult, type ControlPlane, helm } from '@nodetask/testbed';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Folders of a checkout that commands in the documentation name. */
const folders = /^(?:charts|crds|deploy|examples)(?:\/[\w/-]*)?$/;

/** Runs a command of the documentation as somebody does who stands in a checkout. */
export const runCommandLine = async (controlPlane: ControlPlane, command: string): Promise<CommandResult> => {
  const [program, ...words] = commandWords(command);
  const args = words.map((word) => (folders.test(word) ? join(root, word) : word));
  if (program === 'helm') return helm(controlPlane, args);
  if (program === 'kubectl') return controlPlane.kubectl(args);
  throw new Error(`the documentation runs ${String(program)}: ${command}`);
};
