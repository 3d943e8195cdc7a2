import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** One named step of a command. */
export interface Step {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** Runs steps one after the other, says how long each took, and ends at the first that fails. */
export const steps = async (list: readonly Step[]): Promise<void> => {
  for (const step of list) {
    const start = performance.now();
    await step.run();
    process.stderr.write(`✔ ${step.name} (${((performance.now() - start) / 1000).toFixed(1)} s)\n`);
  }
};

/** Runs a program in the root folder, with more environment where told; rejects unless it exits with 0. */
export const program = (
  path: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(path, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
    const forward = (signal: NodeJS.Signals): void => {
      child.kill(signal);
    };
    process.on('SIGINT', forward);
    process.on('SIGTERM', forward);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.off('SIGINT', forward);
      process.off('SIGTERM', forward);
      if (code === 0) resolve();
      else
        reject(
          new Error(
            `✘ ${[path.replace(root, ''), ...args].join(' ').slice(0, 300)} ended with ${signal ?? `exit code ${String(code)}`}`,
          ),
        );
    });
  });

/** Runs a tool of node_modules/.bin. */
export const tool = (name: string, args: readonly string[]): Promise<void> =>
  program(join(root, 'node_modules', '.bin', name), args);

/** Runs a script with this Node.js, workspace packages resolved to their sources. */
export const node = (args: readonly string[], env?: Readonly<Record<string, string>>): Promise<void> =>
  program(process.execPath, ['--conditions=nodetask-source', ...args], env);
