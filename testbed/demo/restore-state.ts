// The node's own commands after a restore, as the init container of examples/runbooks/sdk-node.yaml runs them.
import { readFile, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { bareEnvironment, loadConfig } from '../src/config.ts';
import { projectPath } from '../src/paths.ts';
import { mustRun } from '../src/process/run-command.ts';
import { findProgram } from '../src/programs/find-program.ts';
import { makeTempFolder } from '../src/temp-folder.ts';

export const sdkNodeExample = 'examples/runbooks/sdk-node.yaml';

const StatefulSet = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        initContainers: z.tuple([z.object({ command: z.tuple([z.literal('sh'), z.string(), z.string()]) })]),
      }),
    }),
  }),
});

/** Runs the container's script as it stands, with sdk-node as appd. Answers the commands of the node that it has run. */
export const restoreState = async (home: string): Promise<readonly string[]> => {
  const manifest = StatefulSet.parse(parse(await readFile(projectPath(sdkNodeExample), 'utf8')));
  const [{ command }] = manifest.spec.template.spec.initContainers;
  const [shell, flags, script] = command;
  await using folder = await makeTempFolder(loadConfig().tempRoot, 'appd');
  await symlink(await findProgram('sdk-node'), join(folder.path, 'appd'));
  const { PATH = '', ...env } = bareEnvironment({ NODE_HOME: home });
  const path = `${folder.path}${delimiter}${PATH}`;
  // With -x the shell tells each command that it runs.
  const { stderr } = await mustRun(`/bin/${shell}`, ['-x', flags, script], { env: { ...env, PATH: path } });
  return stderr.split('\n').flatMap((line) => /^\++ (appd .*)$/.exec(line)?.[1] ?? []);
};
