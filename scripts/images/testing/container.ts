import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findDebianProgram, ManagedProcess, type ProcessCommand, runCommand } from '@nodetask/testbed';
import { runcSpec, type SpecOptions } from './runc-spec.ts';

/** Writes an OCI bundle to `folder` and says how to run it. Everything in it ends with the process that is started, kill -9 included. */
const containerCommand = async (folder: string, options: SpecOptions): Promise<ProcessCommand> => {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), JSON.stringify(runcSpec(options)));
  const runc = await findDebianProgram('runc');
  const namespaces = ['--pid', '--fork', '--kill-child', '--mount', '--mount-proc'];
  const run = ['--root', join(folder, 'state'), 'run', '--bundle', folder, 'nodetask-image-test'];
  return { program: 'unshare', args: [...namespaces, runc, ...run] };
};

/** Runs a container to its end. */
export const runContainer = async (folder: string, options: SpecOptions): ReturnType<typeof runCommand> => {
  const { program, args } = await containerCommand(folder, options);
  return runCommand(program, args);
};

/** A container that runs until it is stopped; what it prints is in the log. */
export const container = (folder: string, options: SpecOptions): ManagedProcess =>
  new ManagedProcess({
    name: `container ${folder}`,
    logFile: `${folder}.log`,
    command: () => containerCommand(folder, options),
  });
